import Synchronization

/// A connection on its way from one loop to another: its stream, and the bytes that were read from it and belong to the packets to come.
///
/// If nobody takes the stream, it is closed with this object.
public final class HandedOverStream: Sendable {
    private let stream: Mutex<ByteStream?>
    /// Bytes that were read and not looked at.
    public let unread: [UInt8]

    /// Puts a stream on its way, with what was read from it before.
    public init(_ stream: consuming ByteStream, unread: [UInt8] = []) {
        self.stream = Mutex(consume stream)
        self.unread = unread
    }

    /// The stream, the first time; nil afterwards.
    func takeStream() -> ByteStream? {
        stream.withLock { $0.take() }
    }
}
