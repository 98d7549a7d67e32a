package import FoundationEssentials
import Glibc

/// Changes to files that are there after a power cut, or not at all.
package enum DurableFiles {
    /// Puts `data` in the place of the file at `path`: readers see the old bytes or the new ones.
    package static func replace(_ path: String, with data: Data, mode: UInt32 = 0o600) throws(FileError) {
        try move(try writeDraft(of: path, data, mode: mode), to: path)
    }

    /// Writes `data` beside the file at `path`, whose place it is to take; what a draft before left there goes.
    ///
    /// - Returns: The path of the draft, whose bytes are on the disk.
    static func writeDraft(of path: String, _ data: Data, mode: UInt32) throws(FileError) -> String {
        let draft = draft(of: path)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("write", draft) }
        let isWritten =
            fchmod(descriptor, mode) == 0 && data.withUnsafeBytes { FileBytes.writeAll($0, to: descriptor) }
            && fsync(descriptor) == 0
        let failure = FileError("write", draft)
        close(descriptor)
        guard isWritten else {
            unlink(draft)
            throw failure
        }
        return draft
    }

    /// Where the next bytes of the file at `path` are prepared.
    static func draft(of path: String) -> String { path + ".partial" }

    /// Renames, and makes sure that both folders know.
    static func move(_ path: String, to destination: String) throws(FileError) {
        try move([(path, destination)])
    }

    /// Renames one file directly after the other, and then makes sure that all folders know.
    static func move(_ files: [(path: String, destination: String)]) throws(FileError) {
        for (path, destination) in files {
            guard rename(path, destination) == 0 else { throw FileError("write", destination) }
        }
        for folder in Set(files.flatMap { [folder(of: $0.path), folder(of: $0.destination)] }) {
            try synchronise(folder)
        }
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
