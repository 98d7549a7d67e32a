import Glibc
import NIOCore

/// A file whose bytes are to be sent.
public struct FileUpload: Sendable {
    /// Where it is.
    public let path: String
    /// Its length in bytes when it was looked at.
    public let size: Int64

    /// Looks at a file.
    ///
    /// - Throws: ``APIError/unreadableFile(path:reason:)`` when it is not there, not a regular file or not readable.
    public init(path: String) throws(APIError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw APIError.unreadable(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw APIError.unreadableFile(path: path, reason: "it is not a regular file")
        }
        guard access(path, R_OK) == 0 else { throw APIError.unreadable(path) }
        self.path = path
        size = Int64(status.st_size)
    }

    /// The file's bytes in pieces, read when they are asked for.
    func chunks(progress: @escaping @Sendable (Int64) -> Void) -> FileChunks {
        FileChunks(path: path, progress: progress)
    }
}

/// A file's bytes in pieces. Reading blocks, for as long as a local disk takes for one piece.
struct FileChunks: AsyncSequence, Sendable {
    let path: String
    let progress: @Sendable (Int64) -> Void

    func makeAsyncIterator() -> Iterator { Iterator(path: path, progress: progress) }

    struct Iterator: AsyncIteratorProtocol {
        let path: String
        let progress: @Sendable (Int64) -> Void
        private var file: OpenFile?
        private var sent: Int64 = 0

        init(path: String, progress: @escaping @Sendable (Int64) -> Void) {
            self.path = path
            self.progress = progress
        }

        mutating func next() async throws -> ByteBuffer? {
            // Whatever was handed out before has been taken by the connection when the next piece is asked for.
            progress(sent)
            let file = try file ?? OpenFile(path: path)
            self.file = file
            guard let buffer = try file.read(upTo: 256 << 10) else { return nil }
            sent += Int64(buffer.readableBytes)
            return buffer
        }
    }

    private final class OpenFile {
        private let path: String
        private let descriptor: Int32

        init(path: String) throws(APIError) {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw APIError.unreadable(path) }
            self.path = path
        }

        deinit { close(descriptor) }

        func read(upTo count: Int) throws(APIError) -> ByteBuffer? {
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            var result = 0
            repeat {
                result = buffer.withUnsafeMutableWritableBytes { Glibc.read(descriptor, $0.baseAddress, count) }
            } while result < 0 && errno == EINTR
            guard result >= 0 else { throw APIError.unreadable(path) }
            guard result > 0 else { return nil }
            buffer.moveWriterIndex(forwardBy: result)
            return buffer
        }
    }
}

extension APIError {
    /// The file could not be read, for the reason that `errno` gives.
    fileprivate static func unreadable(_ path: String) -> APIError {
        .unreadableFile(path: path, reason: String(cString: strerror(errno)))
    }
}
