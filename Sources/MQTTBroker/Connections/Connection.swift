import DequeModule
import Logging
import MQTTWire

/// One client's connection on the loop of its session, from the CONNECT that was read elsewhere to its end.
final class Connection: PacketChannel {
    /// How much is put into the output ahead of what the socket takes; the rest waits in the session's queue, where it can still be dropped or cancelled.
    static let outputAhead = 256 * 1024

    /// Why the connection is not read.
    struct Holds: OptionSet {
        let rawValue: UInt8
        /// CONNECT is not decided.
        static let authentication = Holds(rawValue: 1)
        /// An interceptor has as much outstanding as it takes, or the client as much as it may.
        static let receipts = Holds(rawValue: 2)
        /// A subscriber's queue is filling.
        static let congestion = Holds(rawValue: 4)
        /// The broker holds all that it may.
        static let budget = Holds(rawValue: 8)
        /// The client does not take the answers to what it sends.
        static let answers = Holds(rawValue: 16)
    }

    let shard: Shard
    /// As hooks see it; nobody in particular until CONNECT is granted.
    var client: ConnectedClient
    /// Until the client is let in, and where it may have to prove itself anew.
    var admission: Admission?
    /// Its place among the open connections, once CONNECT is granted, if those of an address are counted.
    var place: UnauthenticatedConnections.Place?
    /// From the client's first publication on.
    var publications: Publications?
    var session: Session?
    /// The topics that the client was told aliases for, if it takes any.
    let outboundAliases: OutboundAliases?
    var will: KeptWill?
    /// The largest packet that the client takes.
    let maximumOutboundSize: Int
    /// Bytes of deliveries that wait for the store before they go into the output.
    var waitingOutput = 0
    /// The bytes of the message that was put into the output last.
    var lastMessageSize: Int {
        get { Int(storedMessageSize) }
        set { storedMessageSize = Int32(clamping: newValue) }
    }

    // There are thousands of connections: what is small stands together, and none has more than 2 GiB of anything.
    private var storedMessageSize: Int32 = 0
    private var countedOutput: Int32 = 0
    private var countedInput: Int32 = 0
    var congestions: Int32 = 0
    var watch: EventLoop.TimerID?
    /// Whether the watch is for a stall, too.
    var watchesOutput = false
    /// Seconds; 0: the client may be silent for ever.
    var keepAlive: UInt16 = 0
    /// What packets to the client look like.
    let outbound: PacketContext
    /// Whether the client wants to hear reasons in words [MQTT-3.1.2-29].
    let wantsReasons: Bool
    var holds: Holds = [.authentication]
    var hasEnded = false
    /// Whether CONNACK is sent: nothing goes out before it.
    var isGreeted = false
    private var isFilling = false

    init?(_ stream: HandedOverStream, _ greeting: Greeting, shard: Shard) {
        let connect = greeting.connect
        self.shard = shard
        admission = Admission(greeting)
        place = greeting.place
        client = ConnectedClient(
            clientID: connect.clientID, connectionID: shard.core.nextConnectionID(), identity: .anonymous,
            userName: connect.userName, remoteAddress: greeting.address.description, protocolVersion: connect.version)
        outbound = PacketContext(version: connect.version, direction: .toClient)
        maximumOutboundSize = connect.properties.maximumPacketSize.map { Int($0) } ?? .max
        wantsReasons = connect.version.hasProperties && connect.properties.requestProblemInformation ?? true
        outboundAliases = OutboundAliases(
            limit: min(connect.properties.topicAliasMaximum ?? 0, shard.core.limits.topicAliasMaximum))
        super.init(
            stream, loop: shard.loop, context: PacketContext(version: connect.version, direction: .toServer),
            maximumPacketSize: shard.core.limits.maximumPacketSize)
    }

    var id: ConnectionID { client.connectionID }
    var version: ProtocolVersion { outbound.version }

    override func received(_ header: FixedHeader, body: Span<UInt8>) throws(PacketError) {
        try take(header, body)
    }

    override func receivedPublish(
        _ layout: PublishLayout, head: Span<UInt8>, payload: SharedBytes
    ) throws(PacketError) {
        guard let session else {
            guard !hasEnded else { return }
            throw PacketError(.protocolError, "PUBLISH before CONNACK", "MQTT-3.1.2-30")
        }
        shard.counters.add(1, to: .packetsReceived)
        shard.counters.add(head.count + payload.count, to: .bytesReceived)
        try publish(layout, head, payload: SharedSlice(payload), session)
    }

    /// The will, if the client left one and has not taken it back.
    /// [MQTT-3.1.2-7]
    var pendingWill: PendingWill? {
        will.map {
            PendingWill($0, of: client, publisher: publications?.publisher ?? Publisher(client, loop: shard.index))
        }
    }

    // MARK: Reading or not

    func congestionBegan() {
        congestions += 1
        hold(.congestion)
        shard.counters.add(1, to: .publisherPauses)
    }

    func congestionEnded() {
        congestions -= 1
        if congestions <= 0 { release(.congestion) }
    }

    func holdForAuthentication() { hold(.authentication) }
    func releaseForAuthentication() { release(.authentication) }

    func holdForReceipts() { hold(.receipts) }
    func releaseForReceipts() { release(.receipts) }

    func holdForBudget() {
        guard !holds.contains(.budget) else { return }
        hold(.budget)
        shard.counters.add(1, to: .publisherPauses)
        shard.waitForBudget(self)
    }

    func releaseForBudget() { release(.budget) }

    /// Keeps count of the output, and of a client that makes the broker answer without taking the answers: it is not read until it has taken them.
    ///
    /// Messages are put into the output as long as there is little in it, so that what goes beyond that, and beyond the last of them, is answers.
    func noteOutput() {
        let output = pendingOutput
        guard output != Int(countedOutput) else { return }
        let counted = Int32(clamping: output)
        shard.counters.add(Int(counted - countedOutput), to: .unsentBytes)
        countedOutput = counted
        if holds.contains(.answers) {
            if output <= Self.outputAhead { release(.answers) }
        } else if output > Self.outputAhead + lastMessageSize + shard.core.limits.unsentAnswers, !hasEnded {
            hold(.answers)
            shard.counters.add(1, to: .answerPauses)
        }
    }

    /// Keeps count of what came of packets that are not complete, in steps, so that small ones cost nothing.
    private func noteInput() {
        let input = Int32(clamping: incompleteInput & ~4095)
        guard input != countedInput else { return }
        let grows = input > countedInput
        shard.core.budget.add(Int(input - countedInput))
        countedInput = input
        if grows, shard.core.budget.isExceededTwice {
            return violated(
                PacketError(.quotaExceeded, "\(input) bytes of a packet; there is no more room for messages"))
        }
        if input > 0, session != nil, shard.core.budget.isExceeded { holdForBudget() }
    }

    private func hold(_ reason: Holds) {
        if holds.isEmpty { pauseReading() }
        holds.insert(reason)
    }

    private func release(_ reason: Holds) {
        guard holds.contains(reason) else { return }
        holds.remove(reason)
        if holds.isEmpty, !hasEnded { resumeReading() }
    }

    // MARK: Output

    /// Sends a packet of the broker's own making; `false` if it is larger than the client takes, which ends the connection: it would wait for an
    /// answer that must not come [MQTT-3.1.2-24].
    @discardableResult
    func send(_ packet: some ControlPacket) -> Bool {
        do {
            let before = pendingOutput
            try send { (buffer) throws(PacketError) in
                let start = buffer.count
                try packet.encode(in: outbound, into: &buffer)
                guard buffer.count - start <= maximumOutboundSize else {
                    throw PacketError(
                        .packetTooLarge,
                        "an answer of \(buffer.count - start) bytes to a client that takes \(maximumOutboundSize)",
                        "MQTT-3.1.2-24")
                }
            }
            shard.counters.add(1, to: .answersSent)
            shard.counters.add(pendingOutput - before, to: .bytesSent)
            noteOutput()
            watchForStall()
            return true
        } catch {
            shard.core.logger.info(
                "a packet could not be written",
                metadata: ["client": "\(client.clientID.text.debugDescription)", "reason": "\(error)"])
            // Not at once: whoever sends is in the midst of something.
            if !hasEnded {
                shard.post { [id] in
                    $0.connections[id]?.end(.protocolViolation(error.code, detail: error.reason), sending: error.code)
                }
            }
            return false
        }
    }

    /// Sends a packet with a Reason String, if there is a reason, the client wants it, and the packet is not too large with it
    /// [MQTT-3.2.2-19, MQTT-3.9.2-1, MQTT-3.14.2-3].
    @discardableResult
    func send(explainedBy reason: String?, _ packet: (Properties) -> some ControlPacket) -> Bool {
        if wantsReasons, let reason, let properties = try? Properties([.reasonString(reason)]),
            let bytes = try? packet(properties).encoded(in: outbound), bytes.count <= maximumOutboundSize
        {
            return send(packet(properties))
        }
        return send(packet(Properties()))
    }

    /// Sends a delivery that finds the session's queue empty and all sent that was in flight before; `false` if it must wait all the same.
    func transmitAtOnce(_ delivery: Delivery) -> Bool {
        guard let session, isGreeted, !isFilling, !hasEnded, pendingOutput + waitingOutput < Self.outputAhead else {
            return false
        }
        isFilling = true
        session.noteQueued(delivery)
        transmit(delivery, session)
        isFilling = false
        if pendingOutput > 0 { watchForStall() }
        // What sending brought about.
        if !session.queue.isEmpty { fillOutput() }
        return true
    }

    /// Moves deliveries from the session's queue to the output, as long as there is little there.
    func fillOutput() {
        // Sending can bring the queue back here through a hook or a release; the outer call goes on.
        guard let session, isGreeted, !isFilling, !hasEnded else { return }
        isFilling = true
        defer { isFilling = false }
        while pendingOutput + waitingOutput < Self.outputAhead {
            if let entry = session.window.nextToResend() {
                resend(entry, session)
            } else if let delivery = session.nextDelivery() {
                transmit(delivery, session)
            } else {
                break
            }
        }
        if pendingOutput > 0 { watchForStall() }
        session.queueShrank()
    }

    override func drained() {
        if let session, !session.isAtRest { fillOutput() }
    }

    override func hasRead() { noteInput() }

    override func timeIsUp() { lookAtClient() }

    override func wrote() { noteOutput() }

    override func progressed(_ progress: SendQueue.Progress) {
        guard let session else { return }
        session.progressed(progress)
        // At QoS 0 nothing more will come.
        if case .finished(let token) = progress, unacknowledged.remove(token) != nil {
            session.endTracked(DeliveryToken(rawValue: token), .delivered)
        }
    }

    /// Tracked deliveries at QoS 0 that are in the output.
    var unacknowledged: Set<SendQueue.Token> = []

    // MARK: The end

    override func violated(_ error: PacketError) {
        shard.counters.add(1, to: .protocolErrors)
        shard.core.logger.info(
            "a connection broke the protocol",
            metadata: [
                "client": "\(client.clientID.text.debugDescription)", "address": "\(client.remoteAddress)",
                "reason": "\(error)",
            ])
        guard admission?.greeting == nil || hasEnded else { return refuse(error.code, error.reason) }
        end(.protocolViolation(error.code, detail: error.reason), sending: error.code)
    }

    override func closed(_ end: ChannelEnd) {
        switch end {
        case .loopStopped: finish(.shutdown)
        case .webSocket(let error):
            shard.counters.add(1, to: .protocolErrors)
            finish(.protocolViolation(.protocolError, detail: error.description))
        default: finish(.connectionLost)
        }
        shard.connections[id] = nil
        shard.counters.add(-1, to: .connections)
        noteOutput()
        noteInput()
        connectionClosed()
        shard.checkEmpty()
    }

    /// Ends the connection for a reason of the broker's, which a 5.0 client is told [MQTT-4.13.1-1].
    func end(_ cause: DisconnectCause, sending code: ReasonCode?) {
        guard !hasEnded else { return }
        // A packet that has begun must not go on after its end was reported; the client sees the connection break.
        let mayFlush = unsentTokens.isEmpty && pendingOutput < Self.outputAhead
        let isConnected = session != nil && isGreeted
        finish(cause)
        guard mayFlush, code != nil || pendingOutput > 0 else { return close() }
        // [MQTT-3.14.0-1]
        if isConnected, let code, version.allowsServerDisconnect {
            send(explainedBy: cause.violation) { Disconnect(reasonCode: code, properties: $0) }
        }
        // [MQTT-3.14.4-1, MQTT-3.14.4-2, MQTT-4.13.2-1]
        closeAfterFlush()
    }

    /// Ends the connection without another word.
    func close(as cause: DisconnectCause) {
        finish(cause)
        close()
    }

    /// The client said goodbye: its will is discarded, unless it asks for it [MQTT-3.1.2-10, MQTT-3.14.4-3].
    func clientDisconnected(_ disconnect: Disconnect) throws(PacketError) {
        if let seconds = disconnect.properties.sessionExpiryInterval, let session {
            // A session that was to end with its connection cannot be made to stay now (section 3.14.2.2.2).
            guard session.expiry != .withConnection || seconds == 0 else {
                throw PacketError(
                    .protocolError, "a session expiry interval in DISCONNECT after 0 in CONNECT", "MQTT-3.14.2-2")
            }
            session.change(to: SessionExpiry(seconds: seconds, limit: shard.core.limits.maximumSessionExpiry))
        }
        if disconnect.reasonCode == .normalDisconnection { will = nil }
        // Who said all in one breath, goodbye included, still gets its answers.
        end(.client, sending: nil)
    }

    /// Takes the connection out of the broker's life; what is left of it is bytes on a socket.
    private func finish(_ cause: DisconnectCause) {
        guard !hasEnded else { return }
        hasEnded = true
        cancelTimers()
        publications?.receipts = []
        unacknowledged = []
        shard.undecided[id] = nil
        guard let session else { return }
        self.session = nil
        shard.counters.add(-1, to: .clients)
        shard.core.clients.leave()
        switch cause {
        case .takenOver: shard.counters.add(1, to: .takeovers)
        case .writeStall: shard.counters.add(1, to: .writeStalls)
        case .keepAliveTimeout: shard.counters.add(1, to: .keepAliveTimeouts)
        default: break
        }
        session.detach(will: pendingWill, isShutdown: cause == .shutdown)
        shard.observe(.disconnected(client, cause))
    }
}
