import Glibc

/// Why a file could not be read or written.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried.
    public enum Action: String, Hashable, Sendable {
        /// Opening it or reading from it.
        case read
        /// Making it, writing to it, or putting it in its place.
        case write
    }

    /// The file.
    public let path: String
    /// What was tried.
    public let action: Action
    /// The system's words.
    public let reason: String

    /// One line that names the file and the reason.
    public var description: String { "cannot \(action.rawValue) \(path): \(reason)" }
}

/// Files that hold the old content or all of the new, whatever happens in between.
enum DurableFile {
    /// Everything in a small file; nil if there is none.
    static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure(path, .read) }
            return nil
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        while content.count <= limit {
            let (piece, count) = (content.count, Swift.min(4096, limit + 1 - content.count))
            content.append(contentsOf: repeatElement(0, count: count))
            let got = content.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + piece }, count)
            }
            content.removeLast(count - max(0, got))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(path, .read) }
            if got == 0 { return content }
        }
        throw FileError(path: path, action: .read, reason: "it has more than \(limit) bytes")
    }

    /// Writes beside the file, flushes, then renames, and flushes the folder as well.
    static func replace(
        _ path: String, with bytes: Span<UInt8>, permissions: UInt32
    ) throws(FileError) {
        let draft = path + ".partial"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw failure(path, .write) }
        // The mode of `open` is for new files, and less the umask.
        let isWritten = fchmod(descriptor, permissions) == 0 && write(bytes, to: descriptor) && fsync(descriptor) == 0
        let problem = failure(path, .write)
        close(descriptor)
        guard isWritten else {
            unlink(draft)
            throw problem
        }
        guard rename(draft, path) == 0 else { throw failure(path, .write) }
        try synchroniseFolder(of: path)
    }

    private static func write(_ bytes: Span<UInt8>, to descriptor: Int32) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.extracting(droppingFirst: offset).withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    private static func synchroniseFolder(of path: String) throws(FileError) {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder, .write) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder, .write) }
    }

    private static func failure(_ path: String, _ action: FileError.Action) -> FileError {
        FileError(path: path, action: action, reason: String(cString: strerror(errno)))
    }
}
