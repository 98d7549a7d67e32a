import CPosix

/// One connection on its loop: bytes in, packets out, and a queue the other way. Broker and client inherit what they do with the packets.
///
/// Everything is called on the loop's thread. The methods that are there to be overridden do nothing by themselves.
open class PacketChannel: EventSource {
    /// The most that one connection reads or writes in a turn, so that a large payload leaves the others their share.
    private static let bytesPerTurn = 256 * 1024
    /// What is sent before those who have more.
    private static let littleOutput = 16 * 1024
    /// The most time that one connection's packets take in a turn, give or take the last of them: some packets cost a thousand times what others of
    /// their size do.
    private static let timePerTurn = Duration.milliseconds(5)
    /// How long a connection that was closed gracefully may take no bytes, and then until the peer has closed its side.
    private static let lingerLimit = Duration.seconds(5)

    private enum State {
        case idle
        case open
        /// Flushes what is queued; input is discarded.
        case closing
        /// The sending side is shut; waits for the peer to close.
        case lingering
        case closed
    }

    // Debug builds, which the tests are, check at each access that no other is under way; for these four that takes a seventh of the instructions of a
    // small delivery. Only the loop's thread gets at them, and no closure that they are lent to gets back here.
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    private var stream: ByteStream?
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    private var output = SendQueue()
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    private var state = State.idle
    private var reader: PacketReader
    private var isBlocked = false
    private var isReadingPaused = false
    private var peerHasEnded = false
    private var isHandingOver = false
    private var linger: EventLoop.TimerID?

    /// When bytes last came.
    public private(set) final var lastInput: MonotonicTime
    /// When bytes last left, or when the queue last was empty: how long ago tells whether the peer stalls.
    #if !DEBUG
        @exclusivity(unchecked)
    #endif
    public private(set) final var lastOutput: MonotonicTime

    /// A connection over a stream, which does nothing before `start`.
    ///
    /// `context` says which way packets travel that come *in*.
    public init(
        _ stream: consuming ByteStream, loop: EventLoop, context: PacketContext, maximumPacketSize: Int
    ) {
        self.stream = consume stream
        reader = PacketReader(context: context, maximumPacketSize: maximumPacketSize)
        lastInput = loop.now
        lastOutput = loop.now
        super.init(loop: loop)
    }

    /// A connection that another channel handed over; nil if its stream was taken before.
    public init?(
        _ handedOver: HandedOverStream, loop: EventLoop, context: PacketContext, maximumPacketSize: Int
    ) {
        guard let stream = handedOver.takeStream() else { return nil }
        self.stream = consume stream
        reader = PacketReader(context: context, maximumPacketSize: maximumPacketSize, unread: handedOver.unread)
        lastInput = loop.now
        lastOutput = loop.now
        super.init(loop: loop)
    }

    // MARK: To be overridden

    /// A whole packet came; the body is lent for the call. What is thrown becomes `violated`.
    ///
    /// A PUBLISH comes this way too unless it is large.
    open func received(_ header: FixedHeader, body: Span<UInt8>) throws(PacketError) {}

    /// A large PUBLISH came: its body up to the payload, lent for the call, with the layout that was read from it, and the payload, to keep. What is
    /// thrown becomes `violated`.
    open func receivedPublish(_ layout: PublishLayout, head: Span<UInt8>, payload: SharedBytes) throws(PacketError) {}

    /// The peer broke the rules. By itself this closes the connection; an override can say goodbye first.
    open func violated(_ error: PacketError) {
        close(.violation(error))
    }

    /// An entry that was sent with a token got on. An entry that began and has not finished when the connection ends never will.
    open func progressed(_ progress: SendQueue.Progress) {}

    /// The queue has drained to nothing.
    open func drained() {}

    /// Makes who takes the payloads of large PUBLISHes; nil: memory does.
    package var payloadReceivers: PayloadReceiverFactory? { nil }

    /// A write to the socket was tried; ``pendingOutput`` tells what it came to.
    open func wrote() {}

    /// What there was to read in this turn is read; ``incompleteInput`` tells what is left of it.
    open func hasRead() {}

    /// The connection lives on elsewhere, as ``handOver()`` asked: here are its stream and the bytes that were read and not delivered. Nothing comes
    /// after this.
    open func handedOver(_ stream: HandedOverStream) {}

    /// The connection has ended; nothing comes after this.
    open func closed(_ end: ChannelEnd) {}

    // MARK: Life

    /// Begins to read and write. Nothing is delivered before the next turn.
    public final func start() throws(TransportError) {
        guard state == .idle, let descriptor else { return }
        try loop.register(self, descriptor: descriptor)
        state = .open
        loop.resumeNextTurn(self)
        if pendingOutput > 0 { loop.flushAtEndOfTurn(self) }
    }

    /// True from `start` until the connection is closed or begins to be.
    public final var isOpen: Bool { state == .open }

    /// True if a read would bring something: bytes, the peer's end, or the failure of the connection. Also before `start`.
    public final var hasUnreadInput: Bool {
        guard let descriptor else { return false }
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) >= 0 || SystemErrno.last.code != EAGAIN
    }

    /// Closes at once, whatever waits in the queue.
    public final func close(_ end: ChannelEnd = .closedHere) {
        guard state != .closed else { return }
        release()
        closed(end)
    }

    /// Sends what is queued, then closes so that the peer gets all of it. Nothing is delivered or accepted any more.
    public final func closeAfterFlush() {
        guard state == .open else { return }
        state = .closing
        isHandingOver = false
        waitForPeer()
        loop.flushAtEndOfTurn(self)
    }

    /// Closes once neither bytes leave nor the peer closes for a while.
    private func waitForPeer() {
        linger = loop.schedule(after: Self.lingerLimit) { [weak self] in
            guard let self else { return }
            linger = nil
            if state == .closing, loop.now - lastOutput < Self.lingerLimit { waitForPeer() } else { close() }
        }
    }

    /// Ends this channel's life without closing the connection: after the packet that is being delivered, stream and unread bytes go to ``handedOver(_:)``.
    ///
    /// Only from within `received`. Queued output must have left. `closed` is not called.
    public final func handOver() {
        isHandingOver = true
    }

    private func release() {
        state = .closed
        if let linger { loop.cancel(linger) }
        linger = nil
        if let descriptor { loop.deregister(self, descriptor: descriptor) }
        stream = nil
        output = SendQueue()
        reader = PacketReader(context: reader.context, maximumPacketSize: reader.maximumPacketSize)
    }

    private var descriptor: Int32? {
        switch stream {
        case .some(let stream): stream.fileDescriptor
        case .none: nil
        }
    }

    // MARK: The peer

    /// True if nobody between the two ends can read along.
    public final var isEncrypted: Bool {
        switch stream {
        case .some(let stream): stream.isEncrypted
        case .none: false
        }
    }

    /// What the peer's verified certificate says, from the first packet until the connection is closed or handed over; nil if it showed none.
    public final var peerCertificate: PeerCertificate? {
        switch stream {
        case .some(let stream): stream.peerCertificate
        case .none: nil
        }
    }

    /// The TLS under the connection, if there is any.
    final var tls: TLSConnection? {
        switch stream {
        case .some(let stream): stream.tls
        case .none: nil
        }
    }

    private var isHandshaking: Bool {
        switch stream {
        case .some(let stream): stream.isHandshaking
        case .none: false
        }
    }

    /// Ends the connection as ``ChannelEnd/loopStopped``.
    public final override func loopStopped() {
        close(.loopStopped)
    }

    // MARK: Output

    /// How many bytes wait to be sent.
    public final var pendingOutput: Int {
        switch stream {
        case .some(let stream): output.byteCount + stream.unsentCount
        case .none: output.byteCount
        }
    }

    /// Queues what the closure appends to the buffer; it leaves at the end of this turn, together with what else was queued.
    ///
    /// Ignored once the connection is closing.
    public final func send<Failure: Error>(_ encode: (inout [UInt8]) throws(Failure) -> Void) throws(Failure) {
        guard acceptsOutput() else { return }
        try output.append(encode)
    }

    /// Queues a packet that ends with a payload, which is not copied unless it is small and goes without a token.
    public final func send(head: [UInt8], payload: SharedSlice, token: SendQueue.Token? = nil) {
        guard acceptsOutput() else { return }
        output.append(head: head, payload: payload, token: token)
    }

    /// Queues a whole packet, which is not copied however small it is.
    public final func send(packet: SharedSlice) {
        guard acceptsOutput() else { return }
        output.append(packet: packet)
    }

    /// Takes back an entry that has not begun; false if it has, or is gone.
    public final func unsend(_ token: SendQueue.Token) -> Bool {
        output.remove(token)
    }

    /// How many bytes are to go until the peer's TCP has acknowledged the entry of that token; for an entry that has left, until it has
    /// acknowledged all that has. Nil if the socket cannot tell.
    public final func unacknowledgedBytes(of token: SendQueue.Token) -> Int? {
        var onTheWay: Int32 = 0
        guard let descriptor, cposix_output_queue(descriptor, &onTheWay) == 0 else { return nil }
        let inStream = pendingOutput - output.byteCount
        return (output.bytesToEnd(of: token) ?? 0) + inStream + Int(onTheWay)
    }

    /// The tokens of entries that have not wholly left.
    public final var unsentTokens: [SendQueue.Token] { output.unfinishedTokens }

    private func acceptsOutput() -> Bool {
        guard state == .open || state == .idle else { return false }
        if pendingOutput == 0 { lastOutput = loop.now }
        if state == .open { loop.flushAtEndOfTurn(self) }
        return true
    }

    /// More than some packets wait.
    public final override var hasMuchToWrite: Bool { pendingOutput > Self.littleOutput }

    /// Writes what is queued.
    public final override func endOfTurn() {
        guard state == .open || state == .closing, !isBlocked else { return }
        let before = pendingOutput
        var progress: [SendQueue.Progress] = []
        let outcome = flush(noting: &progress)
        if pendingOutput < before { lastOutput = loop.now }
        for step in progress { progressed(step) }
        wrote()
        guard state == .open || state == .closing else { return }
        switch outcome {
        case .drained:
            if state == .closing { shutDown() } else if before > 0 { drained() }
        case .blocked: isBlocked = true
        case .exhausted: loop.flushAtEndOfTurn(self)
        case .failed(let reason): close(ChannelEnd(reason))
        }
    }

    private func flush(noting progress: inout [SendQueue.Progress]) -> SendQueue.Flush {
        guard var stream = stream.take() else { return .blocked }
        var outcome: SendQueue.Flush
        if stream.isHandshaking {
            // What is queued waits for the handshake, whose own messages may wait for the socket.
            outcome = SendQueue.Flush(stream.flush())
            if case .drained = outcome, !output.isEmpty { outcome = .blocked }
        } else {
            outcome = output.write(to: &stream, limit: Self.bytesPerTurn, noting: &progress)
        }
        if case .drained = outcome, state == .closing { outcome = SendQueue.Flush(stream.finish()) }
        self.stream = consume stream
        return outcome
    }

    /// Closes the sending side; the rest waits for the peer, since closing over unread input would destroy what is still under way to it.
    private func shutDown() {
        state = .lingering
        guard let descriptor, !peerHasEnded else { return close() }
        shutdown(descriptor, Int32(SHUT_WR))
        loop.resumeNextTurn(self)
    }

    // MARK: Input

    /// The version and direction of the packets that come in; to be set when CONNECT tells the version.
    public final var inboundContext: PacketContext {
        get { reader.context }
        set { reader.context = newValue }
    }

    /// Larger packets are a violation.
    public final var maximumPacketSize: Int {
        get { reader.maximumPacketSize }
        set { reader.maximumPacketSize = newValue }
    }

    /// Packets other than PUBLISH that are larger, and a PUBLISH whose head is, are a violation.
    public final var maximumHeadSize: Int {
        get { reader.maximumHeadSize }
        set { reader.maximumHeadSize = newValue }
    }

    /// How many bytes that came wait for the rest of their packet, or for reading to go on.
    public final var incompleteInput: Int { reader.heldBytes }

    /// Stops reading after the packet that is being delivered; the peer is held up once the socket's buffers are full.
    public final func pauseReading() {
        isReadingPaused = true
    }

    /// Reads on from the next turn.
    public final func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        if isRegistered { loop.resumeNextTurn(self) }
    }

    /// Reads what is there, and lets the turn's end write.
    public final override func ready(_ readiness: Readiness) {
        if readiness.hasAny(of: .ended) { peerHasEnded = true }
        if readiness.hasAny(of: [.readable, .ended]), state == .lingering || finishHandshake() {
            readAvailable()
            if state == .open { hasRead() }
        }
        // Any event ends the wait: a layer such as TLS may have to read before it can write.
        isBlocked = false
        if pendingOutput > 0, isRegistered { loop.flushAtEndOfTurn(self) }
    }

    /// Takes the next step of the handshake, also while reading is paused; true once data may pass.
    private func finishHandshake() -> Bool {
        guard isHandshaking else { return true }
        // The client speaks first, and until it does, a server has no work and no buffers for it.
        guard inboundContext.direction == .toClient || hasUnreadInput else { return false }
        guard loop.admitsHandshakeStep(self) else { return false }
        switch stream?.handshake() ?? .wouldBlock {
        case .done: return true
        case .wouldBlock: break
        case .ended: inputEnded()
        case .failed(let reason): close(ChannelEnd(reason))
        }
        return false
    }

    private func readAvailable() {
        var budget = Self.bytesPerTurn
        var share = TurnShare(Self.timePerTurn)
        if state == .open { deliver(UnsafeRawBufferPointer(start: nil, count: 0), &share) }
        while isRegistered, state != .open || !isReadingPaused {
            guard budget > 0, !share.isUsedUp else { return loop.resumeNextTurn(self) }
            // The rest of a payload goes where it will stay.
            let intoPayload = state == .open && reader.wantsPayloadInPlace
            let space: UnsafeMutableRawBufferPointer
            do throws(PacketError) {
                space = intoPayload ? try reader.payloadSpace() : loop.readBuffer
            } catch {
                return violated(error)
            }
            let room = UnsafeMutableRawBufferPointer(rebasing: space[..<min(space.count, Self.bytesPerTurn)])
            switch (state == .lingering ? stream?.discard(into: room) : stream?.read(into: room)) ?? .wouldBlock {
            case .bytes(let count):
                budget -= count
                lastInput = loop.now
                if intoPayload {
                    reader.payloadFilled(count)
                    deliver(UnsafeRawBufferPointer(start: nil, count: 0), &share)
                } else if state == .open {
                    deliver(UnsafeRawBufferPointer(rebasing: room[..<count]), &share)
                }
                if share.isUsedUp { continue }
                // A short read took everything, and the next edge tells of more; but after the peer's end no edge comes, and the end is yet to be read.
                if count < room.count, !peerHasEnded, stream?.shortReadMeansDrained ?? true { return }
            case .wouldBlock: return
            case .ended: return inputEnded()
            case .failed(let reason): return close(state == .open ? ChannelEnd(reason) : .closedHere)
            }
        }
    }

    private func inputEnded() {
        peerHasEnded = true
        switch state {
        case .open: close(.closedByPeer)
        // A peer that has shut its sending side may still read the goodbye.
        case .closing: return
        default: close()
        }
    }

    /// Hands out the packets that are complete. The input lies in memory that the next read overwrites.
    private func deliver(_ bytes: UnsafeRawBufferPointer, _ share: inout TurnShare) {
        var input = bytes
        do throws(PacketError) {
            while state == .open {
                guard !isReadingPaused, !share.isUsedUp else { return reader.keep(input) }
                guard let item = try reader.next(&input, payloadReceivers) else { return }
                try deliver(item)
                share.use()
                if isHandingOver, state == .open {
                    reader.keep(input)
                    return finishHandOver()
                }
            }
        } catch {
            if state == .open { violated(error) }
        }
    }

    private func deliver(_ item: PacketReader.Item) throws(PacketError) {
        switch item {
        case .lent(let header, let body):
            let bytes = body.assumingMemoryBound(to: UInt8.self)
            try received(header, body: bytes.span)
        case .kept(let header, let bytes, let range):
            try received(header, body: bytes.span.extracting(range))
        case .publish(let layout, let head, let payload):
            try receivedPublish(layout, head: head.span, payload: payload)
        }
    }

    private func finishHandOver() {
        isHandingOver = false
        let unread = reader.takeKept()
        if let descriptor { loop.deregister(self, descriptor: descriptor) }
        guard let stream = stream.take() else { return }
        release()
        handedOver(HandedOverStream(stream, unread: unread))
    }
}
