import DequeModule
import Logging
import MQTTWire

/// One client's connection on the loop of its session, from the CONNECT that was read elsewhere to its end.
final class Connection: PacketChannel {
    /// A client that takes no byte for so long does not drain: nobody is slowed down for its sake.
    static let drainPatience = Duration.seconds(1)
    /// How much is put into the output ahead of what the socket takes; the rest waits in the session's queue, where it can still be dropped or cancelled.
    static let outputAhead = 256 * 1024

    /// Why the connection is not read.
    private struct Holds: OptionSet {
        let rawValue: UInt8
        /// CONNECT is not decided.
        static let authentication = Holds(rawValue: 1)
        /// An interceptor has as much outstanding as it takes, or the client as much as it may.
        static let receipts = Holds(rawValue: 2)
        /// A subscriber's queue is filling.
        static let congestion = Holds(rawValue: 4)
        /// The broker holds all that it may.
        static let budget = Holds(rawValue: 8)
    }

    let shard: Shard
    let id: ConnectionID
    let greeting: Greeting
    let client: ConnectedClient
    let publisher: Publisher
    /// What packets to the client look like.
    let outbound: PacketContext
    /// The largest packet that the client takes.
    let maximumOutboundSize: Int
    private(set) var session: Session?
    var aliases: [UInt16: TopicName] = [:]
    var receipts: Deque<Receipt> = []
    /// How many publications each interceptor has outstanding, in the order of the hooks.
    var intercepted: [Int] = []
    private(set) var will: Will?
    private var holds: Holds = [.authentication]
    private var congestions = 0
    private var hasEnded = false
    private var isFilling = false
    private var keepAlive = Duration.zero
    private var keepAliveTimer: EventLoop.TimerID?
    private var stallTimer: EventLoop.TimerID?
    private var connectTimer: EventLoop.TimerID?

    init?(_ stream: HandedOverStream, _ greeting: Greeting, shard: Shard) {
        let connect = greeting.connect
        self.shard = shard
        self.greeting = greeting
        id = shard.core.nextConnectionID()
        client = ConnectedClient(
            clientID: connect.clientID, connectionID: id, userName: connect.userName,
            remoteAddress: greeting.address.description, protocolVersion: connect.version)
        publisher = Publisher(clientID: connect.clientID, connectionID: id, loop: shard.index)
        outbound = PacketContext(version: connect.version, direction: .toClient)
        maximumOutboundSize = connect.properties.maximumPacketSize.map { Int($0) } ?? .max
        will = connect.will
        super.init(
            stream, loop: shard.loop, context: PacketContext(version: connect.version, direction: .toServer),
            maximumPacketSize: shard.core.limits.maximumPacketSize)
    }

    var version: ProtocolVersion { outbound.version }

    override func received(_ header: FixedHeader, body: Span<UInt8>) throws(PacketError) {
        try take(header, body)
    }

    override func receivedPublish(
        _ layout: PublishLayout, head: Span<UInt8>, payload: SharedBytes
    ) throws(PacketError) {
        guard let session else { return }
        shard.counters.add(head.count + payload.count, to: .bytesReceived)
        try publish(layout, head, payload: SharedSlice(payload), session)
    }

    // MARK: CONNECT

    /// Has the CONNECT decided.
    func begin() {
        shard.connections[id] = self
        shard.counters.add(1, to: .connections)
        pauseReading()
        do {
            try start()
        } catch {
            return close()
        }
        guard greeting.connect.properties.authenticationMethod == nil else {
            // Enhanced authentication needs a method that both sides know; this broker has none [MQTT-4.12.0-1].
            return refuse(.badAuthenticationMethod)
        }
        guard let authenticate = shard.core.hooks.authenticate else { return admit() }
        let connect = greeting.connect
        let request = ConnectRequest(
            clientID: connect.clientID, userName: connect.userName, password: connect.password,
            remoteAddress: client.remoteAddress, protocolVersion: connect.version, cleanStart: connect.cleanStart)
        let shard = shard
        let id = id
        let later = DeferredAuthentication { decision in
            shard.post { $0.connections[id]?.decided(decision) }
        }
        if let decision = authenticate(request, later) { return decided(decision) }
        let elapsed = MonotonicTime.now - greeting.since
        connectTimer = loop.schedule(after: max(.zero, shard.core.limits.connectTimeout - elapsed)) { [unowned self] in
            connectTimer = nil
            refuse(.serverUnavailable)
        }
    }

    private func decided(_ decision: AuthenticationDecision) {
        guard holds.contains(.authentication), !hasEnded else { return }
        switch decision {
        case .allow: admit()
        case .refuse(let refusal): refuse(refusal.reasonCode)
        }
    }

    /// Says no and closes [MQTT-3.2.2-7].
    private func refuse(_ code: ReasonCode) {
        shard.counters.add(1, to: .refused)
        holds.remove(.authentication)
        hasEnded = true
        will = nil
        send(Connack(reasonCode: code))
        cancelTimers()
        closeAfterFlush()
    }

    /// Lets the client in: takes over from an older connection, finds or makes the session, and answers [MQTT-3.1.4-5].
    private func admit() {
        let connect = greeting.connect
        let limits = shard.core.limits
        if let connectTimer { loop.cancel(connectTimer) }
        connectTimer = nil
        // One client id, one connection: the older one goes [MQTT-3.1.4-3].
        shard.sessions[connect.clientID]?.connection?.end(.takenOver, sending: .sessionTakenOver)
        if connect.cleanStart, let old = shard.sessions[connect.clientID] { shard.end(old) }  // [MQTT-3.1.2-4]
        let expiry = SessionExpiry(connect, limit: limits.maximumSessionExpiry)
        let existing = shard.sessions[connect.clientID]
        guard let session = existing ?? shard.makeSession(connect.clientID, expiry: expiry) else {
            return refuse(.serverBusy)
        }
        self.session = session
        holds.remove(.authentication)
        session.attach(
            self, expiry: expiry, receiveMaximum: Int(connect.properties.receiveMaximum ?? .max))
        intercepted = Array(repeating: 0, count: shard.core.hooks.interceptors.count)
        shard.counters.add(1, to: .connected)
        let keepAlive = effectiveKeepAlive(connect, limits)
        startKeepAlive(keepAlive)
        sendConnack(sessionPresent: existing != nil, expiry: expiry, keepAlive: keepAlive)
        shard.observe(.connected(client, sessionPresent: existing != nil))
        resumeSubscriptions()
        fillOutput()
        if holds.isEmpty { resumeReading() }
    }

    private func sendConnack(sessionPresent: Bool, expiry: SessionExpiry, keepAlive: UInt16) {
        var connack = Connack(sessionPresent: sessionPresent, reasonCode: .success)
        if version.hasProperties {
            do {
                connack.properties = try connackProperties(expiry: expiry, keepAlive: keepAlive)
            } catch {
                shard.core.logger.error("CONNACK without its properties", metadata: ["reason": "\(error)"])
            }
        }
        send(connack)
    }

    /// What differs from what the client asked for, or from what it would assume (section 3.2.2.3).
    private func connackProperties(expiry: SessionExpiry, keepAlive: UInt16) throws(PacketError) -> Properties {
        let connect = greeting.connect
        let limits = shard.core.limits
        var properties = Properties()
        if expiry.seconds != connect.properties.sessionExpiryInterval ?? 0 {
            try properties.append(.sessionExpiryInterval(expiry.seconds))
        }
        if limits.receiveMaximum != .max { try properties.append(.receiveMaximum(limits.receiveMaximum)) }
        if limits.maximumPacketSize < MQTTLimits.maximumVariableByteInteger {
            try properties.append(.maximumPacketSize(UInt32(clamping: limits.maximumPacketSize)))
        }
        // [MQTT-3.2.2-16]
        if greeting.isClientIDAssigned { try properties.append(.assignedClientIdentifier(connect.clientID.text)) }
        if limits.topicAliasMaximum > 0 { try properties.append(.topicAliasMaximum(limits.topicAliasMaximum)) }
        // [MQTT-3.1.2-21]
        if keepAlive != connect.keepAlive { try properties.append(.serverKeepAlive(keepAlive)) }
        return properties
    }

    /// Tells of the subscriptions that the session brought along, after asking whether the client still may have them.
    private func resumeSubscriptions() {
        guard let session else { return }
        for subscription in Array(session.subscriptions.values) {
            let (filter, qos) = (subscription.filter, subscription.options.maximumQoS)
            if shard.core.hooks.authorizeSubscribe?(client, filter, qos) ?? true {
                shard.observe(.subscribed(client, filter, qos))
            } else {
                _ = session.unsubscribe(filter)
            }
        }
    }

    // MARK: Time

    private func effectiveKeepAlive(_ connect: Connect, _ limits: Limits) -> UInt16 {
        guard version.hasProperties, let longest = limits.maximumKeepAlive else { return connect.keepAlive }
        let seconds = UInt16(clamping: max(1, longest.components.seconds))
        return connect.keepAlive == 0 ? seconds : min(connect.keepAlive, seconds)
    }

    private func startKeepAlive(_ seconds: UInt16) {
        guard seconds > 0 else { return }
        // One and a half times the keep-alive [MQTT-3.1.2-22].
        keepAlive = .milliseconds(Int64(seconds) * 1500)
        scheduleKeepAlive(after: keepAlive)
    }

    private func scheduleKeepAlive(after delay: Duration) {
        keepAliveTimer = loop.schedule(after: delay) { [unowned self] in
            keepAliveTimer = nil
            let silence = loop.now - lastInput
            // While the broker does not read, it hears nothing: that is not the client's silence.
            if silence >= keepAlive, holds.isEmpty {
                end(.keepAliveTimeout, sending: .keepAliveTimeout)
            } else {
                scheduleKeepAlive(after: silence < keepAlive ? keepAlive - silence : keepAlive)
            }
        }
    }

    /// Watches a client with output until it has taken all of it.
    private func watchForStall() {
        guard stallTimer == nil, !hasEnded else { return }
        scheduleStallCheck(after: shard.core.limits.writeStall)
    }

    private func scheduleStallCheck(after delay: Duration) {
        stallTimer = loop.schedule(after: delay) { [unowned self] in
            stallTimer = nil
            guard pendingOutput > 0 else { return }
            let idle = loop.now - lastOutput
            let limit = shard.core.limits.writeStall
            if idle >= limit { end(.writeStall, sending: nil) } else { scheduleStallCheck(after: limit - idle) }
        }
    }

    private func cancelTimers() {
        for timer in [keepAliveTimer, stallTimer, connectTimer] {
            if let timer { loop.cancel(timer) }
        }
        (keepAliveTimer, stallTimer, connectTimer) = (nil, nil, nil)
    }

    /// Whether the client takes what is sent to it: output left lately, or acknowledgements come.
    var isDraining: Bool {
        let last = pendingOutput > 0 ? lastOutput : max(lastOutput, lastInput)
        return loop.now - last < Self.drainPatience
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

    func holdForReceipts() { hold(.receipts) }
    func releaseForReceipts() { release(.receipts) }

    func holdForBudget() {
        guard !holds.contains(.budget) else { return }
        hold(.budget)
        shard.counters.add(1, to: .publisherPauses)
        shard.waitForBudget(self)
    }

    func releaseForBudget() { release(.budget) }

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

    /// Sends a packet of the broker's own making.
    func send(_ packet: some ControlPacket) {
        do {
            let before = pendingOutput
            try send { (buffer) throws(PacketError) in try packet.encode(in: outbound, into: &buffer) }
            shard.counters.add(pendingOutput - before, to: .bytesSent)
            watchForStall()
        } catch {
            shard.core.logger.error("a packet could not be written", metadata: ["reason": "\(error)"])
        }
    }

    /// Moves deliveries from the session's queue to the output, as long as there is little there.
    func fillOutput() {
        // Sending can bring the queue back here through a hook or a release; the outer call goes on.
        guard let session, !isFilling, !hasEnded else { return }
        isFilling = true
        defer { isFilling = false }
        while pendingOutput < Self.outputAhead {
            if let entry = session.window.nextToResend() {
                resend(entry)
            } else if let delivery = session.nextDelivery() {
                transmit(delivery, session)
            } else {
                break
            }
        }
        if pendingOutput > 0 { watchForStall() }
        session.queueShrank()
    }

    override func drained() { fillOutput() }

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
            metadata: ["client": "\(client.clientID)", "address": "\(client.remoteAddress)", "reason": "\(error)"])
        end(.protocolViolation(error.code, detail: error.reason), sending: error.code)
    }

    override func closed(_ end: ChannelEnd) {
        switch end {
        case .loopStopped: finish(.shutdown)
        default: finish(.connectionLost)
        }
        shard.connections[id] = nil
        shard.counters.add(-1, to: .connections)
        shard.checkEmpty()
    }

    /// Ends the connection for a reason of the broker's, which a 5.0 client is told [MQTT-4.13.1-1].
    func end(_ cause: DisconnectCause, sending code: ReasonCode?) {
        guard !hasEnded else { return }
        // A packet that has begun must not go on after its end was reported; the client sees the connection break.
        let mayFlush = unsentTokens.isEmpty && pendingOutput < Self.outputAhead
        let isConnected = session != nil
        finish(cause)
        guard mayFlush else { return close() }
        if isConnected, let code, version.allowsServerDisconnect { send(Disconnect(reasonCode: code)) }
        closeAfterFlush()
    }

    /// The client said goodbye: its will is discarded, unless it asks for it [MQTT-3.1.2-10, MQTT-3.14.4-3].
    func clientDisconnected(_ disconnect: Disconnect) throws(PacketError) {
        if let seconds = disconnect.properties.sessionExpiryInterval, let session {
            // A session that was to end with its connection cannot be made to stay now (section 3.14.2.2.2).
            guard session.expiry != .withConnection || seconds == 0 else {
                throw PacketError(
                    .protocolError, "a session expiry interval in DISCONNECT after 0 in CONNECT", "MQTT-3.14.2-2")
            }
            session.expiry = SessionExpiry(seconds: seconds, limit: shard.core.limits.maximumSessionExpiry)
        }
        if disconnect.reasonCode == .normalDisconnection { will = nil }
        finish(.client)
        close()
    }

    /// Takes the connection out of the broker's life; what is left of it is bytes on a socket.
    private func finish(_ cause: DisconnectCause) {
        guard !hasEnded else { return }
        hasEnded = true
        cancelTimers()
        receipts = []
        unacknowledged = []
        guard let session else { return }
        self.session = nil
        // A stopping broker publishes no wills: they are the next one's (section 3.1.2.5).
        let pending =
            cause == .shutdown ? nil : will.map { PendingWill(will: $0, client: client, publisher: publisher) }
        session.detach(will: pending)
        shard.observe(.disconnected(client, cause))
    }
}
