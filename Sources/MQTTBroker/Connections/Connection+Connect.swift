import Logging
import MQTTWire

/// CONNECT: decided, and answered.
extension Connection {
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
        guard let greeting = admission?.greeting else { return }
        if let will = greeting.connect.will, will.topic.levelCount > shard.core.limits.topicLevels {
            return refuse(
                .topicNameInvalid, "a will topic of more than \(shard.core.limits.topicLevels) levels")
        }
        if let method = greeting.connect.properties.authenticationMethod {
            return beginExchange(request(greeting), method: method)
        }
        guard let authenticate = shard.core.hooks.authenticate else { return admit(greeting, as: .anonymous) }
        let shard = shard
        let id = id
        let later = DeferredAuthentication { decision in
            shard.post { $0.connections[id]?.decided(decision) }
        }
        if let decision = authenticate(request(greeting), later) { return decided(decision) }
        awaitDecision()
    }

    private func request(_ greeting: Greeting) -> ConnectRequest {
        let connect = greeting.connect
        return ConnectRequest(
            clientID: connect.clientID, isClientIDAssigned: greeting.isClientIDAssigned, userName: connect.userName,
            password: connect.password, remoteAddress: client.remoteAddress, remoteHost: greeting.address.host,
            isEncrypted: greeting.isEncrypted, peerCertificate: greeting.peerCertificate,
            protocolVersion: connect.version, cleanStart: connect.cleanStart, will: connect.will)
    }

    /// The decision comes later, or not in time.
    func awaitDecision() {
        guard let greeting = admission?.greeting else { return }
        shard.undecided[id] = self
        limitAdmission(to: greeting.deadline - .now) { [unowned self] in
            shard.counters.add(1, to: .connectTimeouts)
            tryLater()
        }
    }

    /// Does not wait for the decision any longer.
    func tryLater() { decided(.refuse(.serverUnavailable)) }

    func decided(_ decision: AuthenticationDecision) {
        guard let greeting = admission?.greeting, !hasEnded else { return }
        shard.undecided[id] = nil
        switch decision {
        case .allow(let identity): admit(greeting, as: identity)
        case .refuse(let refusal): refuse(refusal.reasonCode)
        }
    }

    /// Says no and closes [MQTT-3.2.2-7].
    func refuse(_ code: ReasonCode, _ reason: String? = nil) {
        shard.counters.add(1, to: .refused)
        holds.remove(.authentication)
        hasEnded = true
        will = nil
        admission?.greeting = nil
        // [MQTT3-3.2.2-6]
        // MQTT 3 has no word for some reasons: then the connection is closed without a CONNACK.
        if version.hasReasonCodes || code.connectReturnCode != nil {
            send(explainedBy: reason) { Connack(reasonCode: code, properties: $0) }
        }
        shard.undecided[id] = nil
        cancelTimers()
        closeAfterFlush()
    }

    /// Lets the client in: takes over from an older connection, finds or makes the session, and answers [MQTT-3.1.4-5].
    private func admit(_ greeting: Greeting, as identity: ClientIdentity) {
        let connect = greeting.connect
        let limits = shard.core.limits
        guard mayUseSession(of: connect.clientID, identity) else { return refuse(.notAuthorized) }
        let expiry = SessionExpiry(connect, limit: limits.maximumSessionExpiry)
        let older = shard.sessions[connect.clientID]
        if shard.core.isStoreFailing, expiry != .withConnection, connect.cleanStart || older == nil {
            return refuse(.serverUnavailable, "a new session cannot be kept")
        }
        if identity != .anonymous { client = client.identified(as: identity) }
        admission?.greeting = nil
        cancelAdmissionTimer()
        // Nobody else leaves a last word in what is the identity's from now on.
        if let older, older.owner != identity { older.discardWill() }
        // One client id, one connection: the older one goes [MQTT-3.1.4-3].
        older?.connection?.end(.takenOver, sending: .sessionTakenOver)
        let wasKept = older?.isKept ?? false
        // [MQTT-3.1.4-4]
        if connect.cleanStart, let old = shard.sessions[connect.clientID] { shard.end(old) }  // [MQTT-3.1.2-4]
        // [MQTT-3.1.2-5, MQTT-3.1.2-6, MQTT-3.1.3-2]
        let existing = shard.sessions[connect.clientID]
        will = connect.will.flatMap { KeptWill($0, of: shard.core.willBudget) }
        guard connect.will == nil || will != nil else {
            shard.counters.add(1, to: .sessionsRefused)
            return refuse(.quotaExceeded, "all wills together take \(limits.willBytes) bytes")
        }
        guard let session = existing ?? shard.makeSession(client, expiry: expiry) else {
            shard.counters.add(1, to: .sessionsRefused)
            return refuse(.serverBusy)
        }
        leaveStrangers()
        maximumPacketSize = limits.maximumPacketSize
        maximumHeadSize = limits.maximumHeadSize
        self.session = session
        session.attach(
            self, expiry: expiry, receiveMaximum: Int(connect.properties.receiveMaximum ?? .max))
        shard.counters.add(1, to: .connected)
        shard.counters.add(1, to: .clients)
        shard.counters.add(1, to: .packetsReceived)
        shard.counters.add(greeting.packetLength, to: .bytesReceived)
        shard.core.clients.enter()
        let keepAlive = effectiveKeepAlive(connect, limits)
        startKeepAlive(keepAlive)
        shard.observe(.connected(client, sessionPresent: existing != nil))
        // What CONNACK says of the session must hold after a crash. Of one that was there before it says nothing new, also when nothing can be kept.
        guard shard.journal.isKept, session.isKept || wasKept, !shard.core.isStoreFailing else {
            return greet(greeting, session, sessionPresent: existing != nil, keepAlive: keepAlive)
        }
        limitAdmission(to: greeting.deadline - .now) { [unowned self] in
            shard.counters.add(1, to: .connectTimeouts)
            close(as: .administrative("the session was not kept in time"))
        }
        shard.whenDurable(afterAll: true) { [self] in
            guard !hasEnded, self.session === session else { return }
            greet(greeting, session, sessionPresent: existing != nil, keepAlive: keepAlive)
        }
    }

    /// Answers a CONNECT that was granted, and goes on with the session.
    private func greet(_ greeting: Greeting, _ session: Session, sessionPresent: Bool, keepAlive: UInt16) {
        isGreeted = true
        // [MQTT-3.2.0-1, MQTT-3.2.0-2]
        let isAnswered = sendConnack(
            greeting, sessionPresent: sessionPresent, expiry: session.expiry, keepAlive: keepAlive)
        guard isAnswered else {
            return end(.protocolViolation(.packetTooLarge, detail: "a client that takes no CONNACK"), sending: nil)
        }
        forgetAdmission()
        holds.remove(.authentication)
        resumeSubscriptions()
        fillOutput()
        if holds.isEmpty { resumeReading() }
    }

    /// The client is let in: its place among the unauthenticated connections is free.
    private func leaveStrangers() {
        place?.giveBack()
        guard !shard.core.open.countsAddresses else { return }
        place?.leaveToConnection()
        place = nil
    }

    /// Its place among the open connections is free.
    func connectionClosed() {
        if let place { place.connectionClosed() } else { shard.core.open.leave() }
    }

    /// Whether the session with that client id, if there is one, is the identity's or may become so.
    private func mayUseSession(of clientID: ClientID, _ identity: ClientIdentity) -> Bool {
        guard let owner = shard.sessions[clientID]?.owner, owner != identity else { return true }
        if shard.core.hooks.authorizeTakeover?(clientID, owner, identity) ?? false { return true }
        shard.core.logger.notice(
            "a CONNECT for another identity's session was refused",
            metadata: ["client": "\(clientID.text.debugDescription)", "address": "\(client.remoteAddress)"])
        return false
    }

    private func sendConnack(
        _ greeting: Greeting, sessionPresent: Bool, expiry: SessionExpiry, keepAlive: UInt16
    ) -> Bool {
        // [MQTT-3.2.2-2, MQTT-3.2.2-3]
        var connack = Connack(sessionPresent: sessionPresent, reasonCode: .success)
        if version.hasProperties {
            do {
                connack.properties = try connackProperties(greeting, expiry: expiry, keepAlive: keepAlive)
            } catch {
                shard.core.logger.error("CONNACK without its properties", metadata: ["reason": "\(error)"])
            }
        }
        return send(connack)
    }

    /// What differs from what the client asked for, or from what it would assume (section 3.2.2.3).
    private func connackProperties(_ greeting: Greeting, expiry: SessionExpiry, keepAlive: UInt16) throws(PacketError)
        -> Properties
    {
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
        // [MQTT-3.1.3-7]
        if greeting.isClientIDAssigned { try properties.append(.assignedClientIdentifier(connect.clientID.text)) }
        if limits.topicAliasMaximum > 0 { try properties.append(.topicAliasMaximum(limits.topicAliasMaximum)) }
        // [MQTT-3.1.2-21]
        if keepAlive != connect.keepAlive { try properties.append(.serverKeepAlive(keepAlive)) }
        // [MQTT-3.1.2-28]
        if connect.properties.requestResponseInformation ?? false,
            let information = shard.core.hooks.responseInformation?(client)
        {
            try properties.append(.responseInformation(information))
        }
        // [MQTT-4.12.0-6]
        if let exchange = admission?.exchange {
            for property in try exchange.properties(exchange.finalData) { try properties.append(property) }
        }
        return properties
    }

    /// Tells of the subscriptions that the session brought along, after asking whether the client still may have them.
    private func resumeSubscriptions() {
        guard let session else { return }
        for subscription in session.subscriptions.all {
            let (filter, qos) = (subscription.filter, subscription.options.maximumQoS)
            if (shard.core.hooks.authorizeSubscribe?(client, filter, qos) ?? .allow) == .allow {
                shard.observe(.subscribed(client, filter, qos))
            } else {
                _ = session.unsubscribe(filter)
            }
        }
    }
}
