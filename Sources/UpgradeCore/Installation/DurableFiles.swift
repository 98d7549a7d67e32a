import FoundationEssentials
import Glibc

/// Changes to files that are there after a power cut, or not at all.
enum DurableFiles {
    /// Puts `data` in the place of the file at `path`, mode 0600: readers see the old bytes or the new ones.
    static func replace(_ path: String, with data: Data) throws(InstallationError) {
        let draft = path + ".partial"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unusable(path: draft, problem: systemProblem()) }
        let written = write(data, to: descriptor) && fsync(descriptor) == 0
        let problem = systemProblem()
        close(descriptor)
        guard written else {
            unlink(draft)
            throw .unusable(path: draft, problem: problem)
        }
        try move(draft, to: path)
    }

    /// Renames, and makes sure that both folders know.
    static func move(_ path: String, to destination: String) throws(InstallationError) {
        guard rename(path, destination) == 0 else { throw .unusable(path: destination, problem: systemProblem()) }
        let folders = Set([folder(of: path), folder(of: destination)])
        for folder in folders { try synchronise(folder) }
    }

    /// Flushes a file or the names in a folder to the disk.
    static func synchronise(_ path: String) throws(InstallationError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unusable(path: path, problem: systemProblem()) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .unusable(path: path, problem: systemProblem()) }
    }

    /// The folder that a path names a file of.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Writes all of `data`; false leaves the reason in `errno`.
    static func write(_ data: Data, to descriptor: Int32) -> Bool {
        data.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}

/// What the last system call complained of.
func systemProblem() -> String {
    String(cString: strerror(errno))
}
