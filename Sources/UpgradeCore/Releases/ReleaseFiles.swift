import Glibc

/// The folder that holds our own copy of every release, each in a file named by its SHA-256.
///
/// A file appears under its name only when it is complete and durable, and never changes afterwards.
struct ReleaseFiles: Sendable {
    let folder: String

    func path(of sha256: String) -> String { folder + "/" + sha256 }

    /// Begins a new file, under a temporary name.
    func makeIncoming() throws -> IncomingRelease { try IncomingRelease(folder: folder) }

    /// Removes what an interrupted copy left behind.
    func removeLeftovers() {
        guard let names = try? FolderListing.names(in: folder) else { return }
        for name in names where name.hasPrefix(IncomingRelease.temporaryPrefix) { unlink(path(of: name)) }
    }

    func remove(_ sha256: String) { unlink(path(of: sha256)) }
}

/// What there is to know of some bytes: computed in one pass.
struct FileDigests: Equatable, Sendable {
    let size: Int
    /// Lower-case hexadecimal.
    let sha256: String
    let crc32: UInt32
}

extension FileDigests {
    init(ofFileAt path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileError("open", path) }
        defer { close(descriptor) }
        var digester = try ReleaseDigester()
        try FileReading.forEachChunk(of: descriptor, path: path) { try digester.update($0) }
        self = try digester.finish()
    }
}

/// A system call on a file failed.
public struct FileError: Error, Equatable, CustomStringConvertible {
    public let operation: String
    public let path: String
    /// `errno`.
    public let code: Int32

    init(_ operation: String, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// There is no such file.
    public var isMissingFile: Bool { code == ENOENT }

    /// No space or quota is left.
    public var isDiskFull: Bool { code == ENOSPC || code == EDQUOT }

    public var description: String { "cannot \(operation) \(path): \(String(cString: strerror(code)))" }
}

enum FolderListing {
    /// The names in a folder, but `.` and `..`; those that are not UTF-8 are left out, for nothing of ours is named so.
    static func names(in folder: String) throws(FileError) -> [String] {
        guard let stream = opendir(folder) else { throw FileError("list", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let name, name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

enum FileReading {
    private static let chunkSize = 1 << 20

    /// Calls `body` with the bytes from the current position to the end, at most 1 MiB at a time.
    static func forEachChunk(of descriptor: Int32, path: String, _ body: (RawSpan) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError("read", path)
            }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes)
        }
    }
}
