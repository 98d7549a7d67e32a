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
    /// The digests of a file that is never replaced by a link.
    init(ofFileAt path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileError("read", path) }
        defer { close(descriptor) }
        self = try FileDigests(of: descriptor, path: path)
    }

    /// The digests of what lies between the current position of an open file and its end.
    init(of descriptor: Int32, path: String) throws {
        var digester = try ReleaseDigester()
        try FileBytes.read(from: descriptor, path) { try digester.update($0.bytes) }
        self = try digester.finish()
    }
}
