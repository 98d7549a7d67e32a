import MQTTWire

/// PUBLISH from the client: checked, intercepted, routed, answered.
extension Connection {
    func publish(
        _ layout: PublishLayout, _ head: Span<UInt8>, payload: SharedSlice, _ session: Session
    ) throws(PacketError) {
        shard.counters.add(1, to: .publishesReceived)
        shard.counters.add(payload.count, to: .payloadBytesReceived)
        let flags = layout.flags
        let publications = publications ?? makePublications()
        let topic = try topic(of: layout, head, publications)
        if flags.qos == .exactlyOnce, let packetID = layout.packetID,
            let receipt = session.received.receipt(for: packetID)
        {
            // Sent again before PUBREL: it was delivered onward the first time [MQTT-4.3.3-10].
            if !publications.unreleased.contains(packetID) {
                try checkReceiveMaximum(flags.qos)
                noteUnreleased(packetID)
            }
            publications.receipts.append(receipt)
            return sendDueReceipts()
        }
        try checkReceiveMaximum(flags.qos)
        if topic.isSystems
            || shard.core.hooks.authorizePublish?(client, topic, flags.qos, flags.retain) == .refuse
        {
            shard.counters.add(1, to: .publishesRefused)
            // [MQTT3-3.3.5-2]
            return answer(layout, .notAuthorized, outstanding: 0, session)
        }
        if flags.qos != .atMostOnce, shard.core.isStoreFailing,
            flags.retain || shard.core.interest.loops(for: topic) != 0
        {
            return refuseUnkept(layout, session)
        }
        if flags.qos == .exactlyOnce, session.hasAllUnreleased { return refuseUnkept(layout, session) }
        var properties = layout.properties(in: head)
        let expiry = properties.messageExpiryInterval.map { loop.now + .seconds(Int64($0)) }
        properties.remove(.topicAlias, .messageExpiryInterval)
        let interceptors = shard.core.hooks.interceptors.indices.filter { index in
            shard.core.hooks.interceptors[index].filters.contains { $0.matches(topic) }
        }
        let message = Message(
            id: shard.core.nextMessageID(), topic: topic, body: payload, qos: flags.qos, retain: flags.retain,
            properties: properties,
            expiry: expiry, publisher: publications.publisher, budget: shard.core.budget)
        shard.retainIfAsked(message)
        let interested = shard.core.interest.loops(for: topic)
        let isWanted = interested != 0 || !interceptors.isEmpty
        let receipt = makeReceipt(
            layout, isWanted ? .success : .noMatchingSubscribers, outstanding: interceptors.count, session,
            message: message.id)
        if flags.retain || interested != 0 {
            shard.route(message, to: interested, receipt.flatMap { durability(of: message, interested, $0) })
        }
        for index in interceptors { intercept(index, topic, payload, flags, receipt) }
        sendDueReceipts()
        if shard.core.budget.isExceeded { holdForBudget() }
    }

    private func makePublications() -> Publications {
        let publications = Publications(
            Publisher(client, loop: shard.index), interceptors: shard.core.hooks.interceptors.count)
        self.publications = publications
        return publications
    }

    /// The topic name, if need be the one that the topic alias stands for (section 3.3.2.3.4).
    private func topic(
        of layout: PublishLayout, _ head: Span<UInt8>, _ publications: Publications
    ) throws(PacketError) -> TopicName {
        let name = layout.topicName(in: head)
        if let alias = layout.topicAlias {
            let maximum = shard.core.limits.topicAliasMaximum
            // [MQTT-3.3.2-12]
            guard alias <= maximum else {
                throw PacketError(.topicAliasInvalid, "topic alias \(alias); at most \(maximum)", "MQTT-3.3.2-9")
            }
            if let name {
                publications.aliases[alias] = name
            } else if let known = publications.aliases[alias] {
                return known
            } else {
                throw PacketError(.protocolError, "topic alias \(alias), which stands for nothing yet", "MQTT-3.3.4-1")
            }
        }
        guard let name else { throw PacketError(.protocolError, "an empty topic name", "MQTT-3.3.2-1") }
        let levels = name.levelCount
        guard levels <= shard.core.limits.topicLevels else {
            throw PacketError(
                .topicNameInvalid, "a topic of \(levels) levels; at most \(shard.core.limits.topicLevels)")
        }
        return name
    }

    /// A publication that cannot be kept, by the store or for want of PUBREL to others: MQTT 3 has no other way to say no than to close [MQTT3-3.3.5-2].
    private func refuseUnkept(_ layout: PublishLayout, _ session: Session) {
        shard.counters.add(1, to: .publishesRefused)
        if version.hasReasonCodes { return answer(layout, .quotaExceeded, outstanding: 0, session) }
        end(.administrative("the publication cannot be kept"), sending: nil)
    }

    // MARK: Answers

    /// A 5.0 client that was told how much the broker takes at once must not send more [MQTT-3.3.4-9].
    private func checkReceiveMaximum(_ qos: QoS) throws(PacketError) {
        guard version.hasProperties, qos != .atMostOnce else { return }
        let maximum = Int(shard.core.limits.receiveMaximum)
        guard publications?.unanswered ?? 0 < maximum else {
            throw PacketError(
                .receiveMaximumExceeded, "more than \(maximum) unacknowledged PUBLISH packets at once", "MQTT-3.3.4-9")
        }
    }

    /// Only a client that was told a Receive Maximum is held to it.
    private func noteUnreleased(_ packetID: PacketID) {
        if version.hasProperties { publications?.unreleased.insert(packetID) }
    }

    private func answer(_ layout: PublishLayout, _ code: ReasonCode, outstanding: Int, _ session: Session) {
        _ = makeReceipt(layout, code, outstanding: outstanding, session)
        sendDueReceipts()
    }

    /// Notes the answer that is due; none at QoS 0.
    private func makeReceipt(
        _ layout: PublishLayout, _ code: ReasonCode, outstanding: Int, _ session: Session, message: UInt64 = 0
    ) -> Receipt? {
        guard let packetID = layout.packetID else { return nil }
        let receipt = Receipt(
            packetID: packetID, qos: layout.flags.qos, reasonCode: code, outstanding: outstanding, session: session)
        publications?.receipts.append(receipt)
        // [MQTT-4.3.2-5, MQTT-4.3.3-9]
        if receipt.qos == .exactlyOnce, !code.isError {
            session.receive(packetID, receipt: receipt)
            noteUnreleased(packetID)
            session.note(.received(session.clientID, packetID, message: message))
        }
        return receipt
    }

    /// Sends the answers that are due, up to the first that must wait: they go out in the order of the PUBLISHes.
    func sendDueReceipts() {
        guard let publications else { return }
        while let receipt = publications.receipts.first, receipt.outstanding == 0 {
            publications.receipts.removeFirst()
            if receipt.qos == .exactlyOnce {
                // [MQTT-4.3.3-8]
                send(Pubrec(packetID: receipt.packetID, reasonCode: receipt.reasonCode))
            } else {
                // [MQTT-4.3.2-4]
                send(Puback(packetID: receipt.packetID, reasonCode: receipt.reasonCode))
            }
        }
        checkReceiptHold()
    }

    /// Stops reading a client that has as much outstanding as an interceptor, or the broker, takes; reads on when there is less.
    func checkReceiptHold() {
        guard let publications else { return }
        let interceptors = shard.core.hooks.interceptors
        let isFull = interceptors.indices.contains {
            publications.intercepted[$0] >= interceptors[$0].outstandingLimit
        }
        // A 5.0 client keeps to the limit by itself, or is disconnected for not doing so.
        let isOverLimit = !version.hasProperties && publications.receipts.count >= Int(shard.core.limits.receiveMaximum)
        if isFull || isOverLimit { holdForReceipts() } else { releaseForReceipts() }
    }

    /// Holds the answer until what the loops keep of the message would survive a crash; `nil` without a store.
    private func durability(of message: Message, _ interested: UInt64, _ receipt: Receipt) -> Durability? {
        guard shard.journal.isKept else { return nil }
        receipt.outstanding += 1
        let settled = LoopBound(receipt, to: loop)
        let loop = loop
        // The publisher's own loop counts in any case: it keeps retained messages and the packet ids of QoS 2.
        let parts = (interested | 1 << UInt64(shard.index)).nonzeroBitCount
        // Of a QoS 2 publication that is sent again after a crash, no loop may still have a part.
        let isGroup = receipt.qos == .exactlyOnce && session?.isStored == true
        if isGroup { shard.note(.parts(message: message.id, change: parts)) }
        return Durability(of: parts, group: isGroup ? message.id : nil) {
            loop.execute { settled.value.settleOne() }
        }
    }

    // MARK: Interceptors

    private func intercept(
        _ index: Int, _ topic: TopicName, _ payload: SharedSlice, _ flags: PublishFlags, _ receipt: Receipt?
    ) {
        publications?.intercepted[index] += 1
        let settled = LoopBound((connection: self, receipt: receipt), to: loop)
        let loop = loop
        let acknowledgement = InterceptionAcknowledgement {
            loop.execute { settled.value.connection.interceptorAcknowledged(index, settled.value.receipt) }
        }
        shard.core.hooks.interceptors[index].handler(
            InterceptedPublication(
                client: client, topic: topic, payload: payload, qos: flags.qos, retain: flags.retain,
                acknowledgement: acknowledgement))
    }

    private func interceptorAcknowledged(_ index: Int, _ receipt: Receipt?) {
        publications?.intercepted[index] -= 1
        receipt?.settleOne()
        if session != nil { checkReceiptHold() }
    }
}
