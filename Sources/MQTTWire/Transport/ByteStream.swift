import CPosix

/// What became of an attempt to read.
public enum ReadOutcome: Sendable {
    /// So many bytes came, at least one.
    case bytes(Int)
    /// Nothing more for now; an event will tell.
    case wouldBlock
    /// The peer closed its side.
    case ended
    /// The connection broke.
    case failed(SystemErrno)
}

/// What became of an attempt to write.
public enum WriteOutcome: Sendable {
    /// So many bytes were taken, perhaps fewer than offered.
    case bytes(Int)
    /// Nothing more for now; an event will tell.
    case wouldBlock
    /// The connection broke.
    case failed(SystemErrno)
}

/// The bytes under a connection: a connected, non-blocking socket, and in time what lies between it and MQTT (TLS, WebSocket framing) as further cases.
///
/// Reading and writing say alike, for every kind, whether an event has to come first; whoever gets one tries both directions, so a kind whose
/// writing has to wait for reading needs nothing more.
public struct ByteStream: ~Copyable, Sendable {
    private enum Kind: ~Copyable {
        case plain(Descriptor)
    }

    private let kind: Kind

    /// A stream straight over a connected, non-blocking socket.
    public init(plain socket: consuming Descriptor) {
        kind = .plain(socket)
    }

    /// The socket, to be registered with an event loop.
    public var fileDescriptor: Int32 {
        switch kind {
        case .plain(let socket): socket.rawValue
        }
    }

    /// True if a read that fills less than was offered proves that nothing more is there. A layer that decodes gives its bytes piecemeal.
    var shortReadMeansDrained: Bool {
        switch kind {
        case .plain: true
        }
    }

    /// Reads what is there, at most as much as the buffer holds.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        switch kind {
        case .plain(let socket):
            while true {
                let count = recv(socket.rawValue, buffer.baseAddress, buffer.count, 0)
                if count > 0 { return .bytes(count) }
                if count == 0 { return .ended }
                let reason = SystemErrno.last
                if reason.code == EINTR { continue }
                return reason.code == EAGAIN ? .wouldBlock : .failed(reason)
            }
        }
    }

    /// Writes pieces of memory one after the other. After `wouldBlock` the same bytes must be offered again.
    mutating func write(_ pieces: UnsafeMutableBufferPointer<iovec>) -> WriteOutcome {
        switch kind {
        case .plain(let socket):
            var message = msghdr()
            message.msg_iov = pieces.baseAddress
            message.msg_iovlen = pieces.count
            while true {
                // sendmsg rather than writev: a peer that is gone must be an error, not a signal.
                let count = sendmsg(socket.rawValue, &message, Int32(MSG_NOSIGNAL))
                if count >= 0 { return .bytes(count) }
                let reason = SystemErrno.last
                if reason.code == EINTR { continue }
                return reason.code == EAGAIN ? .wouldBlock : .failed(reason)
            }
        }
    }
}
