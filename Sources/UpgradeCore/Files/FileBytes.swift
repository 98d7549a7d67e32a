import CPosix
import FoundationEssentials
import Glibc

/// Files read and written piece by piece, in bounded memory.
enum FileBytes {
    /// How much is read at once unless somebody asks for other pieces.
    static let pieceSize = 1 << 20

    /// Calls `body` with one piece of a file after the other; each has `count` bytes, but for the last.
    static func read(
        _ path: String, inPiecesOf count: Int = pieceSize, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError("read", path) }
        defer { close(descriptor) }
        try read(from: descriptor, path, inPiecesOf: count, body)
    }

    /// The same from the current position of an open file; `path` is for the message.
    static func read(
        from descriptor: Int32, _ path: String, inPiecesOf count: Int = pieceSize,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try withUnsafeTemporaryAllocation(byteCount: count, alignment: 16) { buffer in
            while true {
                var filled = 0
                while filled < count {
                    let got = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
                    if got < 0, errno == EINTR { continue }
                    guard got >= 0 else { throw FileError("read", path) }
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
    static func size(of path: String) throws(FileError) -> Int64 {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError("read", path) }
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
        guard descriptor >= 0 else { throw FileError("write", path) }
        defer { close(descriptor) }
        try source { data in
            guard data.withUnsafeBytes({ writeAll($0, to: descriptor) }) else { throw FileError("write", path) }
        }
        guard fsync(descriptor) == 0 else { throw FileError("write", path) }
    }

    /// Writes all the bytes at the current position of an open file; false leaves the reason in `errno`.
    static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
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
