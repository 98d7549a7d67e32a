import COpenSSL
import CPosix

/// One TLS connection: an `SSL` and the socket under it.
///
/// `@unchecked Sendable`: it belongs to one `ByteStream`, which cannot be copied; whoever has the stream is alone with it.
final class TLSConnection: @unchecked Sendable {
    private let socket: Descriptor
    private let ssl: OpaquePointer?
    private let isServer: Bool
    private let target: Target?

    /// What a client's end knows of the server.
    private final class Target {
        let serverName: String
        let sessions: TLSSessionCache?
        let resumed: TLSSessionCache.Session?

        init(_ serverName: String, _ sessions: TLSSessionCache?) {
            self.serverName = serverName
            self.sessions = sessions
            resumed = sessions?.current
        }
    }

    /// The host that the server must be, as it was asked for.
    var serverName: String? { target?.serverName }

    /// False once keys are agreed and the peer's certificate is verified; application data passes only then.
    private(set) var isHandshaking = true
    /// OpenSSL must not be called again after a failure.
    private var failure: StreamFailure?
    /// Ciphertext that OpenSSL gave away and the socket did not take: at most a record, and what the protocol itself answers.
    private var rest: [UInt8] = []
    private var restStart = 0
    private var hasSaidGoodbye = false

    /// Why the peer is refused; noted while OpenSSL verifies its certificate or reads.
    private var refusal: TLSError?
    /// What went wrong with the socket; noted while OpenSSL reads or writes.
    private var socketFailure: SystemErrno?
    private var hasReceived = false
    /// How many bytes came since application data last did.
    private var overhead = 0
    /// True once the peer has closed its side of the socket.
    private(set) var hasSeenEnd = false

    /// The server's end of a connection.
    init(_ context: TLSServerContext, socket: consuming Descriptor) {
        self.socket = consume socket
        isServer = true
        target = nil
        ssl = SSL_new(context.handle.pointer)
        setUp()
        if let ssl { SSL_set_accept_state(ssl) }
    }

    /// The client's end of a connection. The name is checked unless the context trusts anybody; a session of the cache is gone on with.
    init(_ context: TLSClientContext, serverName: String, sessions: TLSSessionCache?, socket: consuming Descriptor) {
        self.socket = consume socket
        isServer = false
        let target = Target(serverName, sessions)
        self.target = target
        ssl = SSL_new(context.handle.pointer)
        setUp()
        guard let ssl else { return }
        SSL_set_connect_state(ssl)
        if !TLSVerification.expect(serverName, of: ssl, isChecked: context.trust != .nothing) {
            failure = .tls(.unavailable(reason: "\(serverName) is no name of a server"))
        }
        if let resumed = target.resumed { SSL_set_session(ssl, resumed.pointer) }
    }

    private func setUp() {
        guard let ssl, let bio = SocketBIO.make(for: self) else {
            failure = .tls(.unavailable(reason: "out of memory"))
            return
        }
        SSL_set_bio(ssl, bio, bio)
    }

    deinit {
        guard let ssl else { return }
        if failure == nil {
            // As far as it can be said without waiting; a peer that hears nothing takes the socket's end for it.
            if !isHandshaking, !hasUnsent { sayGoodbye(ssl) }
            // Otherwise OpenSSL takes the session for broken, and it could not be resumed.
            SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        } else {
            // Closing over unread input would destroy the alert that tells the peer why.
            withUnsafeTemporaryAllocation(byteCount: TLSLimits.recordSize, alignment: 16) { buffer in
                for _ in 0..<16 {
                    guard recv(socket.rawValue, buffer.baseAddress, buffer.count, 0) > 0 else { break }
                }
            }
        }
        SSL_free(ssl)
    }

    var fileDescriptor: Int32 { socket.rawValue }

    // MARK: Handshake

    /// Goes on with the handshake as far as the peer's bytes reach.
    func handshake() -> HandshakeOutcome {
        if let failure { return .failed(failure) }
        guard isHandshaking, let ssl else { return .done }
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        guard result == 1 else {
            switch outcome(of: result) {
            case .wouldBlock: return .wouldBlock
            // A connection that never said anything, such as a probe of the port, is no failed handshake.
            case .ended where isServer && !hasReceived: return .ended
            case .ended: return .failed(fail(.tls(.closedDuringHandshake)))
            case .failed(let reason): return .failed(fail(reason))
            }
        }
        if let error = objection(ssl) { return .failed(fail(.tls(error))) }
        isHandshaking = false
        return .done
    }

    /// What a handshake that OpenSSL is content with still lacks: a resumption verifies nothing.
    private func objection(_ ssl: OpaquePointer) -> TLSError? {
        guard SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0 else { return nil }
        let certificate = peer(ssl)
        let result = SSL_get_verify_result(ssl)
        guard result == X509_V_OK else {
            return .notAccepted(
                subject: certificate?.holder ?? "the peer",
                reason: String(cString: X509_verify_cert_error_string(result)))
        }
        guard let certificate else {
            return isServer ? nil : .notAccepted(subject: "the server", reason: "it showed none")
        }
        return isResumed ? certificate.untimely : nil
    }

    private func peer(_ ssl: OpaquePointer) -> X509Certificate? {
        SSL_get1_peer_certificate(ssl).map { X509Certificate(adopting: $0) }
    }

    /// What the peer's certificate says, once the handshake is done; nil if it showed none, or nobody verified it.
    var peerCertificate: PeerCertificate? {
        guard !isHandshaking, let ssl, SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0 else { return nil }
        return peer(ssl)?.peerCertificate
    }

    /// True if the handshake went on with an earlier session.
    var isResumed: Bool { ssl.map { SSL_session_reused($0) == 1 } ?? false }

    /// Such as "TLSv1.3".
    var version: String { ssl.flatMap { SSL_get_version($0) }.map { String(cString: $0) } ?? "" }

    // MARK: Data

    /// Decrypts what is there, record after record until the buffer is full: packets that lie whole in it need not be put together.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        if let failure { return .failed(failure) }
        guard !isHandshaking, let ssl else { return .wouldBlock }
        var filled = 0
        var result: Int32 = 0
        while filled < buffer.count {
            ERR_clear_error()
            result = SSL_read(ssl, buffer.baseAddress.map { $0 + filled }, Int32(clamping: buffer.count - filled))
            guard result > 0 else { break }
            filled += Int(result)
            overhead = 0
        }
        // What ended it, if anything did, is there again the next time.
        guard filled == 0 else {
            if result <= 0, case .failed(let reason) = outcome(of: result) { _ = fail(reason) }
            return .bytes(filled)
        }
        switch outcome(of: result) {
        case .wouldBlock: return .wouldBlock
        case .ended: return .ended
        case .failed(let reason): return .failed(fail(reason))
        }
    }

    /// Encrypts straight from the pieces, record by record, until the socket takes no more. Where a piece does not fill a record, its end is copied together with
    /// the beginning of the next: a head of some bytes before a large payload costs no record of its own.
    func write(_ pieces: UnsafeMutableBufferPointer<iovec>) -> WriteOutcome {
        guard !isHandshaking, let ssl else { return failure.map { .failed($0) } ?? .wouldBlock }
        switch flush() {
        case .done: break
        case .blocked: return .wouldBlock
        case .failed(let reason): return .failed(reason)
        }
        var cursor = PieceCursor(pieces)
        var taken = 0
        while !hasUnsent, let record = cursor.next() {
            ERR_clear_error()
            let result =
                switch record {
                case .lent(let bytes): SSL_write(ssl, bytes.baseAddress, Int32(bytes.count))
                case .scattered(let count):
                    withUnsafeTemporaryAllocation(byteCount: TLSLimits.recordSize, alignment: 16) { scratch in
                        cursor.gather(count, into: scratch)
                        return SSL_write(ssl, scratch.baseAddress, Int32(count))
                    }
                }
            guard result > 0 else {
                switch outcome(of: result) {
                case .wouldBlock: return taken > 0 ? .bytes(taken) : .wouldBlock
                case .ended: return .failed(fail(.system(SystemErrno(code: EPIPE))))
                case .failed(let reason): return .failed(fail(lastWord(ssl) ?? reason))
                }
            }
            cursor.advance(by: Int(result))
            taken += Int(result)
        }
        return taken > 0 ? .bytes(taken) : .wouldBlock
    }

    // MARK: What the socket did not take

    /// How many bytes of ciphertext wait for the socket.
    var unsentCount: Int { rest.count - restStart }

    private var hasUnsent: Bool { restStart < rest.count }

    /// Sends what waits.
    func flush() -> FlushOutcome {
        if let failure { return .failed(failure) }
        guard hasUnsent else { return .done }
        let sent = rest.withUnsafeBytes { send(UnsafeRawBufferPointer(rebasing: $0[restStart...])) }
        restStart += sent
        guard !hasUnsent else {
            guard let socketFailure else { return .blocked }
            return .failed(fail(ssl.flatMap(lastWord) ?? .system(socketFailure)))
        }
        rest = []
        restStart = 0
        return .done
    }

    /// Says that no more follows; done when that, and all before it, has left.
    func finish() -> FlushOutcome {
        guard !isHandshaking, let ssl else { return .done }
        switch flush() {
        case .done: break
        case let other: return other
        }
        sayGoodbye(ssl)
        return flush()
    }

    private func sayGoodbye(_ ssl: OpaquePointer) {
        guard !hasSaidGoodbye else { return }
        hasSaidGoodbye = true
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    // MARK: Called by OpenSSL

    /// Notes why the peer is refused. The first reason counts: what follows from it says less.
    func refuse(_ reason: TLSError) {
        if refusal == nil { refusal = reason }
    }

    /// Keeps a session that may be gone on with; false if nobody wants it. A session that goes on with another rests on the same certificates.
    func keep(session: OpaquePointer, verifiedUntil: Int64) -> Bool {
        guard let sessions = target?.sessions else { return false }
        let until = isResumed ? target?.resumed?.verifiedUntil ?? 0 : verifiedUntil
        sessions.keep(TLSSessionCache.Session(adopting: session, verifiedUntil: until))
        return true
    }

    /// Takes ciphertext: what the socket does not take now is kept. So nothing that OpenSSL writes has ever to be written again, and what comes next is
    /// free to be something else. False when the connection broke.
    func transmit(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var left = bytes
        if !hasUnsent {
            left = UnsafeRawBufferPointer(rebasing: bytes[send(bytes)...])
            guard socketFailure == nil else { return false }
        }
        guard unsentCount + left.count <= TLSLimits.unsentLimit else {
            socketFailure = SystemErrno(code: ENOBUFS)
            return false
        }
        rest.append(contentsOf: left)
        return true
    }

    /// Hands ciphertext over.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        let outcome = ByteStream.receive(from: socket.rawValue, into: buffer)
        switch outcome {
        case .bytes(let count):
            hasReceived = true
            overhead += count
            guard overhead <= TLSLimits.overheadLimit else {
                let error = TLSError.failed(reason: "the peer sends messages of the protocol and no data")
                refuse(error)
                return .failed(.tls(error))
            }
        case .ended: hasSeenEnd = true
        case .failed(.system(let reason)): socketFailure = reason
        case .failed, .wouldBlock: break
        }
        return outcome
    }

    /// How many of the bytes the socket took.
    private func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        var sent = 0
        while sent < bytes.count {
            // A peer that is gone must be an error, not a signal.
            let count = CPosix.send(
                socket.rawValue, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                sent += count
                continue
            }
            let reason = SystemErrno.last
            if reason.code == EINTR { continue }
            if reason.code != EAGAIN { socketFailure = reason }
            break
        }
        return sent
    }

    // MARK: Outcomes

    private enum Outcome {
        case wouldBlock
        case ended
        case failed(StreamFailure)
    }

    /// What a result that is no success means.
    private func outcome(of result: Int32) -> Outcome {
        guard let ssl else { return .ended }
        let error = SSL_get_error(ssl, result)
        if let refusal { return .failed(.tls(refusal)) }
        switch error {
        case SSL_ERROR_WANT_READ: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SSL:
            let code = ERR_get_error()
            ERR_clear_error()
            if let alert = OpenSSLErrors.alert(in: code) { return .failed(.tls(.refusedByPeer(alert: alert))) }
            if hasSeenEnd, isHandshaking { return .ended }
            let words = OpenSSLErrors.text(of: code)
            let isOther = [SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST].contains(ERR_GET_REASON(code))
            return .failed(
                .tls(.failed(reason: isHandshaking && isOther ? "the peer does not speak TLS (\(words))" : words)))
        default:
            if let socketFailure { return .failed(.system(socketFailure)) }
            return hasSeenEnd ? .ended : .failed(.tls(.failed(reason: "OpenSSL gives up (\(error))")))
        }
    }

    /// Why the peer hung up, if it said so: in TLS 1.3 a client is told that its certificate is refused when it is writing already.
    private func lastWord(_ ssl: OpaquePointer) -> StreamFailure? {
        guard !isHandshaking else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: TLSLimits.recordSize, alignment: 16) { buffer in
            // What came before that word is lost, as it is with any connection that breaks.
            for _ in 0..<16 {
                ERR_clear_error()
                let result = SSL_read(ssl, buffer.baseAddress, Int32(buffer.count))
                guard result <= 0 else { continue }
                if case .failed(.tls(let error)) = outcome(of: result) { return .tls(error) }
                return nil
            }
            return nil
        }
    }

    private func fail(_ reason: StreamFailure) -> StreamFailure {
        failure = reason
        // A session that leads nowhere must not be tried for ever.
        if isHandshaking { target?.sessions?.forget() }
        return reason
    }
}
