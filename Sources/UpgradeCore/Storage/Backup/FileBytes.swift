import CPosix
import FoundationEssentials
import Glibc

/// Files read and written piece by piece.
enum FileBytes {
    /// Calls `body` with one piece after the other; each has `count` bytes, but for the last.
    static func read(_ path: String, upTo count: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BackupError.unreadable(path: path, problem: systemProblem()) }
        defer { close(descriptor) }
        try withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { buffer in
            while true {
                var filled = 0
                while filled < count {
                    let got = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
                    if got < 0, errno == EINTR { continue }
                    guard got >= 0 else { throw BackupError.unreadable(path: path, problem: systemProblem()) }
                    if got == 0 { break }
                    filled += got
                }
                guard filled > 0 else { return }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
                guard filled == count else { return }
            }
        }
    }

    /// How many bytes a file has.
    static func size(of path: String) throws -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw BackupError.unreadable(path: path, problem: systemProblem()) }
        return Int64(status.st_size)
    }

    /// Makes an empty file of mode 0600 for SQLite, which would give it the rights that the umask leaves.
    static func createEmpty(_ path: String) throws {
        try write(path, mode: 0o600) { _ in }
    }

    /// Makes a new file of the pieces that `source` hands over, and flushes it to the disk.
    static func write(_ path: String, mode: mode_t, from source: (_ take: (Data) throws -> Void) throws -> Void) throws
    {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw BackupError.cannotWrite(path: path, problem: systemProblem()) }
        defer { close(descriptor) }
        try source { data in
            guard DurableFiles.write(data, to: descriptor) else {
                throw BackupError.cannotWrite(path: path, problem: systemProblem())
            }
        }
        guard fsync(descriptor) == 0 else { throw BackupError.cannotWrite(path: path, problem: systemProblem()) }
    }
}
