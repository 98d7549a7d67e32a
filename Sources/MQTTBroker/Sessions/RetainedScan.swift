import DequeModule
import MQTTWire

/// The retained messages that a subscription asks for, where there are many: they are looked for a few at a time, when the client has taken those before.
struct RetainedScan {
    let filter: TopicFilter
    /// What was published later came to the subscription by itself.
    let newest: UInt64
    /// How far the store was looked through.
    var position = 0
}

extension Session {
    /// Sends the retained messages that a subscription asks for (section 3.8.3.1), with RETAIN set [MQTT-3.3.1-8].
    func deliverRetained(_ filter: TopicFilter) {
        guard let subscription = subscriptions[filter] else { return }
        retainedScans.removeAll { $0.filter == filter }
        for message in shard.systemMessages(matching: filter) { deliver(retained: message, subscription) }
        let isRoom = retainedScans.isEmpty && !isLarger(thanShare: 1)
        if isRoom, let found = shard.core.retained.matching(filter, atMost: retainedAtOnce, at: shard.loop.now) {
            deliver(found, subscription)
        } else {
            retainedScans.append(RetainedScan(filter: filter, newest: shard.core.newestMessageID))
            goOnScanning()
        }
    }

    /// Looks for more in another turn, unless the client has enough to take already.
    func goOnScanning() {
        guard !retainedScans.isEmpty, !isScanScheduled, connection != nil, !isLarger(thanShare: 2) else { return }
        isScanScheduled = true
        shard.scheduleScan(for: clientID)
    }

    /// As many as find room in a queue that holds its publishers up no more.
    private var retainedAtOnce: Int { max(1, shard.core.limits.congestedMessages / 2) }

    fileprivate func scan() {
        isScanScheduled = false
        guard connection != nil, var scan = retainedScans.first else { return }
        guard let subscription = subscriptions[scan.filter] else {
            retainedScans.removeFirst()
            return goOnScanning()
        }
        let (found, isDone) = shard.core.retained.scan(&scan, atMost: retainedAtOnce, at: shard.loop.now)
        if isDone { retainedScans.removeFirst() } else { retainedScans[0] = scan }
        deliver(found, subscription)
        goOnScanning()
    }

    private func deliver(_ found: RetainedStore.Findings, _ subscription: SessionSubscription) {
        for (topic, order) in found.removed { shard.note(.retainedCleared(topic, order: order)) }
        for message in found.messages { deliver(retained: message, subscription) }
    }

    private func deliver(retained message: Message, _ subscription: SessionSubscription) {
        // Retained or not, a message is not sent back to its publisher if the subscription says so [MQTT-3.8.3-3].
        if subscription.options.noLocal, message.publisher?.clientID == clientID { return }
        deliver(
            Delivery(
                // [MQTT3-3.3.1-8]
                message: message, qos: min(message.qos, subscription.options.maximumQoS), retain: true,
                identifiers: subscription.identifier.map { [$0] } ?? []))
    }
}

extension Shard {
    /// Has the session look for more when those have that asked before.
    fileprivate func scheduleScan(for clientID: ClientID) {
        scanning.append(clientID)
        if scanning.count == 1 { post { $0.scanSome() } }
    }

    /// Gives those who look for retained messages their share of a turn, each some at a time.
    private func scanSome() {
        var share = TurnShare(Self.workPerTurn)
        while !share.isUsedUp, let clientID = scanning.first {
            sessions[clientID]?.scan()
            // Last, so that one who goes on does not ask for another turn.
            scanning.removeFirst()
            share.use()
        }
        if scanning.isEmpty { scanning = [] } else { post { $0.scanSome() } }
    }
}
