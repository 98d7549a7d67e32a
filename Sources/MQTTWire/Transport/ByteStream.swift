import CPosix

/// Why a stream goes on no more.
///
/// Indirect: each of thousands of streams has room for a reason, which seldom comes.
public indirect enum StreamFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The network or the peer's machine broke the connection.
    case system(SystemErrno)
    /// The two sides do not come together in TLS.
    case tls(TLSError)
    /// The client does not speak MQTT over WebSocket.
    case webSocket(WebSocketError)

    /// One line.
    public var description: String {
        switch self {
        case .system(let reason): reason.description
        case .tls(let error): error.description
        case .webSocket(let error): error.description
        }
    }
}

/// What became of an attempt to read.
public enum ReadOutcome: Sendable {
    /// So many bytes came, at least one.
    case bytes(Int)
    /// Nothing more for now; an event will tell.
    case wouldBlock
    /// The peer closed its side.
    case ended
    /// The connection broke.
    case failed(StreamFailure)
}

/// What became of an attempt to write.
public enum WriteOutcome: Sendable {
    /// So many bytes were taken, perhaps fewer than offered.
    case bytes(Int)
    /// Nothing more for now; an event will tell.
    case wouldBlock
    /// The connection broke.
    case failed(StreamFailure)
}

/// What became of a step of a handshake.
enum HandshakeOutcome: Sendable {
    /// Data may pass.
    case done
    /// The peer's turn; an event will tell.
    case wouldBlock
    /// The peer closed its side without having begun.
    case ended
    /// The two sides do not come together.
    case failed(StreamFailure)
}

/// What became of an attempt to send what a stream itself holds back.
enum FlushOutcome: Sendable {
    /// Nothing is held back.
    case done
    /// Nothing more for now; an event will tell.
    case blocked
    /// The connection broke.
    case failed(StreamFailure)
}

/// The bytes under a connection: a connected, non-blocking socket, and what lies between it and MQTT (TLS, WebSocket frames) as further cases.
///
/// Reading and writing say alike, for every kind, whether an event has to come first; whoever gets one tries both directions, so a kind whose
/// writing has to wait for reading needs nothing more. While `isHandshaking`, neither does anything: `handshake` has to be called whenever bytes come.
///
/// [MQTT-4.2-1]
public struct ByteStream: ~Copyable, Sendable {
    private enum Kind: ~Copyable {
        case plain(Descriptor)
        case tls(TLSConnection)
        case webSocket(WebSocketConnection)
    }

    private let kind: Kind

    /// A stream straight over a connected, non-blocking socket.
    public init(plain socket: consuming Descriptor) {
        kind = .plain(socket)
    }

    /// The server's end of TLS over a connected, non-blocking socket.
    public init(server context: TLSServerContext, socket: consuming Descriptor) {
        kind = .tls(TLSConnection(context, socket: socket))
    }

    /// The client's end of TLS over a connected, non-blocking socket. `serverName`, a host name or a numeric address, is what the server's certificate must name.
    public init(client context: TLSClientContext, serverName: String, socket: consuming Descriptor) {
        self.init(client: context, serverName: serverName, sessions: nil, socket: socket)
    }

    /// The same, going on with an earlier session of the same client with the same server.
    init(
        client context: TLSClientContext, serverName: String, sessions: TLSSessionCache?,
        socket: consuming Descriptor
    ) {
        kind = .tls(TLSConnection(context, serverName: serverName, sessions: sessions, socket: socket))
    }

    /// The server's end of MQTT over WebSocket, over a stream of another kind.
    public init(webSocketServer policy: WebSocketPolicy, over stream: consuming ByteStream) {
        kind = .webSocket(WebSocketConnection(over: stream, policy))
    }

    /// The socket, to be registered with an event loop.
    public var fileDescriptor: Int32 {
        switch kind {
        case .plain(let socket): socket.rawValue
        case .tls(let connection): connection.fileDescriptor
        case .webSocket(let connection): connection.fileDescriptor
        }
    }

    /// True if nobody between the two ends can read along.
    public var isEncrypted: Bool { tls != nil }

    /// What the peer's verified certificate says, once the handshake is done; nil if the peer showed none, or none was asked for.
    public var peerCertificate: PeerCertificate? { tls?.peerCertificate }

    /// The TLS connection, if it is one.
    var tls: TLSConnection? {
        switch kind {
        case .plain: nil
        case .tls(let connection): connection
        case .webSocket(let connection): connection.tls
        }
    }

    // MARK: Handshake

    /// True until data may pass.
    var isHandshaking: Bool {
        switch kind {
        case .plain: false
        case .tls(let connection): connection.isHandshaking
        case .webSocket(let connection): connection.isHandshaking
        }
    }

    /// Goes on with the handshake as far as the peer's bytes reach.
    mutating func handshake() -> HandshakeOutcome {
        switch kind {
        case .plain: .done
        case .tls(let connection): connection.handshake()
        case .webSocket(let connection): connection.handshake()
        }
    }

    // MARK: Input

    /// True if a read that fills less than was offered proves that nothing more is there. A layer that decodes gives its bytes piecemeal.
    var shortReadMeansDrained: Bool {
        switch kind {
        case .plain: true
        case .tls: false
        case .webSocket: false
        }
    }

    /// Reads what is there, at most as much as the buffer holds.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        switch kind {
        case .plain(let socket): Self.receive(from: socket.rawValue, into: buffer)
        case .tls(let connection): connection.read(into: buffer)
        case .webSocket(let connection): connection.read(into: buffer)
        }
    }

    /// Reads as `read` does, for one who only waits for the end: what the bytes mean is lost.
    mutating func discard(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        switch kind {
        case .plain(let socket): Self.receive(from: socket.rawValue, into: buffer)
        case .tls(let connection): Self.receive(from: connection.fileDescriptor, into: buffer)
        case .webSocket(let connection): Self.receive(from: connection.fileDescriptor, into: buffer)
        }
    }

    /// Reads from a socket.
    static func receive(from socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        while true {
            let count = recv(socket, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            let reason = SystemErrno.last
            if reason.code == EINTR { continue }
            return reason.code == EAGAIN ? .wouldBlock : .failed(.system(reason))
        }
    }

    // MARK: Output

    /// Writes a part of a file, perhaps less than offered; on a thread that blocks SIGPIPE, as loops do.
    ///
    /// Never from memory that the file is mapped to: whoever shortens the file would end the process with a signal, where this is an error.
    mutating func write(file: Int32, from offset: Int, count: Int) -> WriteOutcome {
        switch kind {
        // Without copying it: half of what that would cost the processor.
        case .plain(let socket): return Self.send(file, from: offset, count: count, to: socket.rawValue)
        case .tls: break
        case .webSocket: break
        }
        return writeCopy(of: file, from: offset, count: count)
    }

    private mutating func writeCopy(of file: Int32, from offset: Int, count: Int) -> WriteOutcome {
        // As much as layers take at once; what they leave is read again.
        withUnsafeTemporaryAllocation(byteCount: min(count, 65536), alignment: 16) { buffer in
            while true {
                let read = pread(file, buffer.baseAddress, buffer.count, off_t(offset))
                if read > 0 {
                    var piece = iovec(iov_base: buffer.baseAddress, iov_len: read)
                    return withUnsafeMutablePointer(to: &piece) {
                        write(UnsafeMutableBufferPointer(start: $0, count: 1))
                    }
                }
                if read == 0 { return Self.fileWasShortened }
                let reason = SystemErrno.last
                if reason.code != EINTR { return .failed(.system(reason)) }
            }
        }
    }

    /// The file is shorter than it was when it was mapped: what was announced cannot be sent.
    private static var fileWasShortened: WriteOutcome { .failed(.system(SystemErrno(code: EIO))) }

    private static func send(_ file: Int32, from offset: Int, count: Int, to socket: Int32) -> WriteOutcome {
        while true {
            var position = off_t(offset)
            let sent = sendfile(socket, file, &position, count)
            if sent > 0 { return .bytes(sent) }
            if sent == 0 { return fileWasShortened }
            let reason = SystemErrno.last
            if reason.code == EINTR { continue }
            return reason.code == EAGAIN ? .wouldBlock : .failed(.system(reason))
        }
    }

    /// Writes pieces of memory one after the other; `isContinued`: a file follows at once. After `wouldBlock` other bytes may be offered than before.
    mutating func write(_ pieces: UnsafeMutableBufferPointer<iovec>, isContinued: Bool = false) -> WriteOutcome {
        switch kind {
        case .plain(let socket):
            var message = msghdr()
            message.msg_iov = pieces.baseAddress
            message.msg_iovlen = pieces.count
            while true {
                // sendmsg rather than writev: a peer that is gone must be an error, not a signal.
                let count = sendmsg(
                    socket.rawValue, &message, Int32(MSG_NOSIGNAL) | (isContinued ? Int32(MSG_MORE) : 0))
                if count >= 0 { return .bytes(count) }
                let reason = SystemErrno.last
                if reason.code == EINTR { continue }
                return reason.code == EAGAIN ? .wouldBlock : .failed(.system(reason))
            }
        case .tls(let connection): return connection.write(pieces)
        case .webSocket(let connection): return connection.write(pieces)
        }
    }

    /// How many bytes were taken, in the form in which they leave, and have not left.
    var unsentCount: Int {
        switch kind {
        case .plain: 0
        case .tls(let connection): connection.unsentCount
        case .webSocket(let connection): connection.unsentCount
        }
    }

    /// Sends what was taken and has not left.
    mutating func flush() -> FlushOutcome {
        switch kind {
        case .plain: .done
        case .tls(let connection): connection.flush()
        case .webSocket(let connection): connection.flush()
        }
    }

    /// Tells the peer that no more follows, where the layer has words for that; done when they, and all before them, have left.
    mutating func finish() -> FlushOutcome {
        switch kind {
        case .plain: .done
        case .tls(let connection): connection.finish()
        case .webSocket(let connection): connection.finish()
        }
    }
}
