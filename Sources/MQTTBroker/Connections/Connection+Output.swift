import MQTTWire

/// PUBLISH to the client.
extension Connection {
    /// Sends what was in flight when an earlier connection ended [MQTT-4.4.0-1].
    func resend(_ entry: OutboundWindow<Delivery>.Entry, _ session: Session) {
        // What an earlier connection did not wait for, because it ended.
        guard entry.stage == .puback else {
            return whenDurable(afterAll: true, entry.message) { $0.resendNow(entry, session) }
        }
        resendNow(entry, session)
    }

    private func resendNow(_ entry: OutboundWindow<Delivery>.Entry, _ session: Session) {
        guard let delivery = entry.message else {
            send(Pubrel(packetID: entry.packetID))
            return
        }
        // [MQTT-4.3.3-7]: expired or not
        // [MQTT-3.3.1-1]
        guard !write(delivery, packetID: entry.packetID, isDuplicate: true) else { return }
        giveUp(delivery, entry.packetID, session)
    }

    /// A message is too large for this client: as if it had been sent [MQTT-3.1.2-25].
    private func giveUp(_ delivery: Delivery, _ packetID: PacketID?, _ session: Session) {
        if let packetID {
            session.window.remove(packetID)
            session.countInFlight()
            session.note(.settled(session.clientID, packetID))
        }
        session.dropped(delivery, .tooLargeForClient, isSettled: packetID != nil)
    }

    /// Does something on this connection when what was noted would survive a crash. The output counts what waits.
    private func whenDurable(afterAll: Bool = false, _ delivery: Delivery?, _ action: @escaping (Connection) -> Void) {
        guard let session, session.isStored, shard.journal.isKept else { return action(self) }
        let size = delivery?.message.payloadCount ?? 0
        var isWaiting = false
        shard.whenDurable(afterAll: afterAll) { [self] in
            if isWaiting { waitingOutput -= size }
            guard !hasEnded, self.session === session else { return }
            action(self)
            if isWaiting { fillOutput() }
        }
        isWaiting = true
        waitingOutput += size
    }

    /// Sends a delivery for the first time, unless something speaks against it now that its turn has come.
    func transmit(_ delivery: Delivery, _ session: Session) {
        let message = delivery.message
        if message.hasExpired(at: loop.now) { return session.dropped(delivery, .expired) }  // [MQTT-3.3.2-5]
        if let authorize = shard.core.hooks.authorizeDelivery, !authorize(client, message.topic) {
            return session.dropped(delivery, .deliveryRefused)
        }
        var packetID: PacketID?
        if delivery.qos != .atMostOnce {
            // The queue gives nothing out while the window is full.
            guard let next = session.window.add(delivery, qos: delivery.qos) else {
                return session.dropped(delivery, .queueFullOldest)
            }
            packetID = next
            session.countInFlight()
            if delivery.isDurable { session.note(.sent(session.clientID, message: message.id, next)) }
        }
        // After a crash the client must know the message under this very packet id, or not at all [MQTT-4.3.3-10].
        if delivery.qos == .exactlyOnce, delivery.isDurable, delivery.token == nil {
            whenDurable(delivery) { $0.transmit(delivery, packetID, session) }
        } else {
            transmit(delivery, packetID, session)
        }
    }

    private func transmit(_ delivery: Delivery, _ packetID: PacketID?, _ session: Session) {
        // [MQTT-3.3.1-3, MQTT-4.3.1-1, MQTT-4.3.2-2, MQTT-4.3.3-2]
        guard write(delivery, packetID: packetID, isDuplicate: false) else {
            return giveUp(delivery, packetID, session)
        }
    }

    /// Takes a tracked delivery back that is in the output; `false` if it has begun.
    func takeBack(_ token: DeliveryToken) -> Bool {
        guard unsend(token.rawValue) else { return false }
        noteOutput()
        unacknowledged.remove(token.rawValue)
        _ = session?.window.remove { $0.token == token }
        session?.countInFlight()
        return true
    }

    /// Puts a PUBLISH into the output; `false` if it is larger than the client takes.
    @discardableResult
    private func write(
        _ delivery: Delivery, packetID: PacketID?, isDuplicate: Bool, mayTellAlias: Bool = true
    ) -> Bool {
        let message = delivery.message
        // A tracked delivery may be taken back, and with it the alias that it told.
        let aliases = delivery.token == nil ? outboundAliases : nil
        let knownAlias = aliases?.alias(of: message.topic)
        let newAlias = mayTellAlias && knownAlias == nil ? aliases?.next : nil
        let flags = PublishFlags(qos: delivery.qos, isDuplicate: isDuplicate, retain: delivery.retain)
        let topic = knownAlias == nil ? message.topic.bytes : []
        // A small payload is copied behind its head; a large one, or one whose progress is told, is an entry of its own.
        let isGathered = message.body.count <= SendQueue.copyLimit && delivery.token == nil
        let before = pendingOutput
        if isGathered, before == 0, packetID == nil, knownAlias == nil, newAlias == nil,
            let packet = shard.sharedPacket(of: delivery, flags, in: outbound), packet.count <= maximumOutboundSize
        {
            send(packet: packet)
            count(message, bytes: packet.count)
            return true
        }
        do {
            var properties = try properties(of: delivery)
            if let alias = knownAlias ?? newAlias { try properties.append(.topicAlias(alias)) }
            func encode(into buffer: inout [UInt8]) throws(PacketError) {
                let start = buffer.count
                try PublishHead.encode(
                    flags, topic: topic.span, packetID: packetID, properties: properties,
                    payloadLength: message.payloadCount, in: outbound, into: &buffer)
                guard buffer.count - start + message.payloadCount <= maximumOutboundSize else {
                    throw PacketError(.packetTooLarge, "more than the client takes", "MQTT-3.1.2-24")
                }
                buffer.append(contentsOf: message.prefix)
            }
            if isGathered {
                try send { (buffer) throws(PacketError) in
                    if buffer.isEmpty { buffer.reserveCapacity(Self.gatheredHead + message.payloadCount) }
                    try encode(into: &buffer)
                    message.body.withUnsafeBytes { buffer.append(contentsOf: $0) }
                }
            } else {
                var head: [UInt8] = []
                try encode(into: &head)
                send(head, message, delivery.token, isAcknowledged: packetID != nil)
            }
        } catch {
            // Without the alias it may fit.
            guard newAlias != nil else { return false }
            return write(delivery, packetID: packetID, isDuplicate: isDuplicate, mayTellAlias: false)
        }
        if newAlias != nil { aliases?.told(message.topic) }
        count(message, bytes: pendingOutput - before)
        // Of small ones the turn's end keeps count.
        if !isGathered { noteOutput() }
        return true
    }

    private func count(_ message: Message, bytes: Int) {
        lastMessageSize = bytes
        shard.counters.add(1, to: .publishesSent)
        shard.counters.add(message.payloadCount, to: .payloadBytesSent)
        shard.counters.add(bytes, to: .bytesSent)
    }

    /// About what comes before a payload: room for it and the payload is made at once.
    private static let gatheredHead = 128

    private func send(_ head: [UInt8], _ message: Message, _ token: DeliveryToken?, isAcknowledged: Bool) {
        guard let token, let session, session.tracked[token] != nil else {
            return send(head: head, payload: message.body)
        }
        session.tracked[token] = .buffered
        if !isAcknowledged { unacknowledged.insert(token.rawValue) }
        send(head: head, payload: message.body, token: token.rawValue)
    }

    /// What travels with the message, the lifetime that it has left [MQTT-3.3.2-6], and why it comes [MQTT-3.3.4-3].
    private func properties(of delivery: Delivery) throws(PacketError) -> Properties {
        guard version.hasProperties else { return Properties() }
        // [MQTT-3.3.2-4, MQTT-3.3.2-15, MQTT-3.3.2-16, MQTT-3.3.2-17, MQTT-3.3.2-18, MQTT-3.3.2-20]
        var properties = delivery.message.properties(for: version)
        if let expiry = delivery.message.expiry {
            // What is left of a second counts: only whole seconds of waiting are subtracted.
            let left = (expiry - loop.now).components
            try properties.append(
                .messageExpiryInterval(UInt32(clamping: left.seconds + (left.attoseconds > 0 ? 1 : 0))))
        }
        // [MQTT-3.3.4-4]
        for identifier in delivery.identifiers { try properties.append(.subscriptionIdentifier(identifier)) }
        return properties
    }
}
