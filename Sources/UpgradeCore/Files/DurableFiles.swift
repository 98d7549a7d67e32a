import FoundationEssentials
import Glibc

/// Changes to files that are there after a power cut, or not at all.
enum DurableFiles {
    /// Puts `data` in the place of the file at `path`, mode 0600: readers see the old bytes or the new ones.
    static func replace(_ path: String, with data: Data) throws(FileError) {
        let draft = path + ".partial"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("write", draft) }
        let isWritten = data.withUnsafeBytes { FileBytes.writeAll($0, to: descriptor) } && fsync(descriptor) == 0
        let failure = FileError("write", draft)
        close(descriptor)
        guard isWritten else {
            unlink(draft)
            throw failure
        }
        try move(draft, to: path)
    }

    /// Renames, and makes sure that both folders know.
    static func move(_ path: String, to destination: String) throws(FileError) {
        guard rename(path, destination) == 0 else { throw FileError("write", destination) }
        for folder in Set([folder(of: path), folder(of: destination)]) { try synchronise(folder) }
    }

    /// Flushes a file or the names in a folder to the disk.
    static func synchronise(_ path: String) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("write", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("write", path) }
    }

    /// The folder that a path names a file of.
    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
