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

    /// True if nobody between the two ends can read along; false once the stream was taken.
    public var isEncrypted: Bool {
        stream.withLock { stream in
            switch stream {
            case .some(let stream): stream.isEncrypted
            case .none: false
            }
        }
    }

    /// What the peer's verified certificate says; nil if it showed none, and once the stream was taken.
    public var peerCertificate: PeerCertificate? {
        stream.withLock { stream in
            switch stream {
            case .some(let stream): stream.peerCertificate
            case .none: nil
            }
        }
    }

    /// The stream, the first time; nil afterwards.
    func takeStream() -> ByteStream? {
        stream.withLock { $0.take() }
    }
}
