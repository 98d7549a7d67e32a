import CPosix

/// The server's end of one WebSocket connection: the upgrade, then frames, over a plain or a TLS stream.
///
/// `@unchecked Sendable`: it belongs to one `ByteStream`, which cannot be copied; whoever has the stream is alone with it.
final class WebSocketConnection: @unchecked Sendable {
    private var inner: ByteStream
    private let policy: WebSocketPolicy

    /// The request, until it is answered.
    private var request: [UInt8] = []
    private var isUpgraded = false
    /// Bytes that came right behind the request.
    private var early: [UInt8] = []
    private var unframer = WebSocketUnframer()
    private var failure: StreamFailure?
    /// Whole frames, or the rest of one, that the stream below did not take.
    private var rest: [UInt8] = []
    private var restStart = 0
    private var hasSaidGoodbye = false
    /// How many bytes came since data last did.
    private var overhead = 0

    init(over stream: consuming ByteStream, _ policy: WebSocketPolicy) {
        inner = consume stream
        self.policy = policy
    }

    var fileDescriptor: Int32 { inner.fileDescriptor }
    var tls: TLSConnection? { inner.tls }

    // MARK: Handshake

    var isHandshaking: Bool { !isUpgraded }

    /// Goes on with the handshake of TLS, then with the request, as far as the client's bytes reach.
    func handshake() -> HandshakeOutcome {
        if let failure { return .failed(failure) }
        guard isHandshaking else { return .done }
        if inner.isHandshaking {
            let outcome = inner.handshake()
            guard case .done = outcome else { return outcome }
        }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
            while true {
                switch inner.read(into: buffer) {
                case .bytes(let count):
                    let searched = request.count
                    request.append(contentsOf: buffer[..<count])
                    do throws(WebSocketError) {
                        guard try !upgrade(searched: searched) else { return .done }
                    } catch {
                        return .failed(fail(error))
                    }
                case .wouldBlock: return .wouldBlock
                case .ended: return request.isEmpty ? .ended : .failed(fail(.closedDuringUpgrade))
                case .failed(let reason):
                    failure = reason
                    return .failed(reason)
                }
            }
        }
    }

    /// Answers the request if it is all there.
    private func upgrade(searched: Int) throws(WebSocketError) -> Bool {
        guard let length = WebSocketUpgrade.length(of: request, searched: searched) else {
            guard request.count <= WebSocketLimits.requestSize else {
                throw .refused(
                    status: 431, reason: "a request has at most \(WebSocketLimits.requestSize) bytes")
            }
            return false
        }
        rest += try WebSocketUpgrade.answer(to: request[..<length], under: policy)
        early = Array(request[length...])
        request = []
        isUpgraded = true
        return true
    }

    // MARK: Input

    /// Reads what is there and takes it out of its frames.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        while true {
            if let failure { return .failed(failure) }
            if let violation = unframer.violation { return .failed(fail(violation)) }
            if unframer.isClosed { return .ended }
            guard isUpgraded else { return .wouldBlock }
            let outcome = readFrames(into: buffer)
            guard case .bytes(let read) = outcome else { return outcome }
            let count = unframer.unframe(UnsafeMutableRawBufferPointer(rebasing: buffer[..<read]))
            answerControls()
            // What broke the rules after good data is told the next time.
            guard count == 0 else {
                overhead = 0
                return .bytes(count)
            }
            overhead += read
            if overhead > WebSocketLimits.overheadLimit {
                return .failed(fail(.violation(code: 1008, reason: "frames without data, and no end of them")))
            }
        }
    }

    private func readFrames(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        guard !early.isEmpty, !buffer.isEmpty else { return inner.read(into: buffer) }
        let count = min(early.count, buffer.count)
        buffer.copyBytes(from: early[..<count])
        early.removeFirst(count)
        return .bytes(count)
    }

    private func answerControls() {
        for control in unframer.takeControls() {
            switch control {
            case .ping(let data):
                if unsentCount <= WebSocketLimits.unsentLimit { append(.pong, data) }
            case .close(let status): sayGoodbye(Array(status.prefix(2)))
            }
        }
        _ = flush()
    }

    // MARK: Output

    /// Makes one frame of the pieces, or of as much of them as one holds.
    func write(_ pieces: UnsafeMutableBufferPointer<iovec>) -> WriteOutcome {
        if let failure { return .failed(failure) }
        guard isUpgraded, !hasSaidGoodbye else { return .wouldBlock }
        switch flush() {
        case .done: break
        case .blocked: return .wouldBlock
        case .failed(let reason): return .failed(reason)
        }
        let count = min(pieces.reduce(0) { $0 + $1.iov_len }, WebSocketLimits.frameSize)
        guard count > 0 else { return .bytes(0) }
        var header: [UInt8] = []
        header.reserveCapacity(WebSocketFrameHeader.maximumCount)
        WebSocketFrameHeader(opcode: .binary, length: count).encode(into: &header)
        return header.withUnsafeMutableBytes { header in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: pieces.count + 1) { frame in
                frame[0] = iovec(iov_base: header.baseAddress, iov_len: header.count)
                var (used, left) = (1, count)
                for piece in pieces where left > 0 {
                    let length = min(piece.iov_len, left)
                    frame[used] = iovec(iov_base: piece.iov_base, iov_len: length)
                    used += 1
                    left -= length
                }
                let pieces = UnsafeMutableBufferPointer(rebasing: frame[..<used])
                switch inner.write(pieces) {
                // A frame that has begun is promised whole, while the bytes that are offered the next time may be others.
                case .bytes(let taken): keep(pieces, after: taken)
                case .wouldBlock: return .wouldBlock
                case .failed(let reason):
                    failure = reason
                    return .failed(reason)
                }
                return .bytes(count)
            }
        }
    }

    private func keep(_ pieces: UnsafeMutableBufferPointer<iovec>, after taken: Int) {
        var skip = taken
        for piece in pieces {
            let bytes = UnsafeRawBufferPointer(start: piece.iov_base, count: piece.iov_len)
            rest.append(contentsOf: bytes.dropFirst(skip))
            skip = max(0, skip - bytes.count)
        }
    }

    private func append(_ opcode: WebSocketFrameHeader.Opcode, _ data: [UInt8]) {
        WebSocketFrameHeader(opcode: opcode, length: data.count).encode(into: &rest)
        rest += data
    }

    /// How many bytes of frames wait here and below.
    var unsentCount: Int { rest.count - restStart + inner.unsentCount }

    /// Sends what waits.
    func flush() -> FlushOutcome {
        if let failure { return .failed(failure) }
        while restStart < rest.count {
            let outcome = rest.withUnsafeMutableBytes { bytes in
                var piece = iovec(iov_base: bytes.baseAddress.map { $0 + restStart }, iov_len: bytes.count - restStart)
                return withUnsafeMutablePointer(to: &piece) {
                    inner.write(UnsafeMutableBufferPointer(start: $0, count: 1))
                }
            }
            switch outcome {
            case .bytes(let count): restStart += count
            case .wouldBlock: return .blocked
            case .failed(let reason):
                failure = reason
                return .failed(reason)
            }
        }
        rest = []
        restStart = 0
        return inner.flush()
    }

    /// Says that no more follows; done when that, and all before it, has left.
    func finish() -> FlushOutcome {
        if isUpgraded { sayGoodbye([0x03, 0xE8]) }
        switch flush() {
        case .done: return inner.finish()
        case let other: return other
        }
    }

    /// Sends a Close frame with that status code, once.
    private func sayGoodbye(_ status: [UInt8]) {
        guard !hasSaidGoodbye else { return }
        hasSaidGoodbye = true
        append(.close, status)
    }

    /// Ends the connection with as much of a reason as the client may be told.
    private func fail(_ error: WebSocketError) -> StreamFailure {
        switch error {
        case .refused(let status, let reason): rest += WebSocketUpgrade.refusal(status: status, reason: reason)
        case .closedDuringUpgrade: break
        case .violation(let code, _): sayGoodbye([UInt8(code >> 8), UInt8(code & 0xFF)])
        }
        _ = flush()
        failure = .webSocket(error)
        return .webSocket(error)
    }
}
