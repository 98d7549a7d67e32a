import MQTTWire

/// SUBSCRIBE and UNSUBSCRIBE.
extension Connection {
    func subscribe(_ packet: Subscribe, _ session: Session) {
        var codes: [ReasonCode] = []
        var reason: String?
        var granted: [(subscription: Subscription, isNew: Bool)] = []
        // [MQTT-3.8.4-5, MQTT-3.8.4-6]
        for subscription in packet.subscriptions {
            if let refusal = refusal(of: subscription, session) {
                codes.append(refusal.code)
                reason = reason ?? refusal.reason
                continue
            }
            // [MQTT-3.8.4-7]
            codes.append(ReasonCode(granted: subscription.options.maximumQoS))
            let isNew = session.subscribe(
                subscription.filter, options: subscription.options,
                identifier: packet.properties.subscriptionIdentifier)
            granted.append((subscription, isNew))
        }
        let answer = SubscribeAnswer(packetID: packet.packetID, codes: codes, reason: reason, granted: granted)
        let elsewhere = Set(
            granted.filter(\.subscription.filter.isShared).map { shard.core.owner(ofShared: $0.subscription.filter) }
        )
        .subtracting([shard.index])
        guard elsewhere.isEmpty else { return finish(answer, after: elsewhere) }
        finish(answer)
    }

    /// Waits until the owners of share groups on other loops know of the new members: after SUBACK no message may miss them.
    private func finish(_ answer: SubscribeAnswer, after owners: Set<Int>) {
        let finish = LoopBound(
            CountDown(owners.count) { [self] in
                if session != nil { self.finish(answer) }
            }, to: loop)
        let loop = loop
        for owner in owners {
            // What was posted to the owner before, the joining among it, is done when this runs.
            shard.post(to: owner) { _ in loop.execute { finish.value.step() } }
        }
    }

    private func finish(_ answer: SubscribeAnswer) {
        // The subscriptions may have been noted in a turn before.
        session?.whenDurable(afterAll: true) { [self] in
            guard session != nil else { return }
            give(answer)
        }
    }

    private func give(_ answer: SubscribeAnswer) {
        send(explainedBy: answer.reason) {
            // [MQTT-2.2.1-6, MQTT-3.8.4-1, MQTT-3.8.4-2]
            Suback(packetID: answer.packetID, reasonCodes: answer.codes, properties: $0)
        }
        for (subscription, _) in answer.granted {
            shard.observe(.subscribed(client, subscription.filter, subscription.options.maximumQoS))
        }
        for (subscription, isNew) in answer.granted { deliverRetained(to: subscription, isNew: isNew) }
    }

    /// Why a subscription is refused; `nil` if it is granted.
    private func refusal(of subscription: Subscription, _ session: Session) -> (code: ReasonCode, reason: String?)? {
        switch shard.core.hooks.authorizeSubscribe?(client, subscription.filter, subscription.options.maximumQoS) {
        case .refuse: return (.notAuthorized, nil)
        case .fail: return (.unspecifiedError, nil)
        case .allow, .none: break
        }
        if session.isStored, shard.core.isStoreFailing { return (.quotaExceeded, nil) }
        let limits = shard.core.limits
        let count = subscription.filter.levelCount
        if count > limits.topicLevels {
            return (.topicFilterInvalid, "a filter of \(count) levels; at most \(limits.topicLevels)")
        }
        guard session.subscriptions[subscription.filter] == nil else { return nil }
        let cost = SessionSubscription.cost(subscription.filter)
        let reason: String
        if session.subscriptions.count >= limits.subscriptionsPerSession {
            reason = "more than \(limits.subscriptionsPerSession) subscriptions"
        } else if session.subscriptionBytes + cost > limits.subscriptionBytesPerSession {
            reason = "subscriptions of more than \(limits.subscriptionBytesPerSession) bytes"
        } else if shard.core.subscriptionBudget.used + cost > limits.subscriptionBytes {
            reason = "all subscriptions together take \(limits.subscriptionBytes) bytes"
        } else {
            return nil
        }
        shard.counters.add(1, to: .subscriptionsRefused)
        return (.quotaExceeded, reason)
    }

    /// Sends the retained messages that a subscription asks for.
    private func deliverRetained(to subscription: Subscription, isNew: Bool) {
        guard let session, !subscription.filter.isShared else { return }
        switch subscription.options.retainHandling {
        case .doNotSend: return  // [MQTT-3.3.1-11]
        case .sendIfNew where !isNew: return  // [MQTT-3.3.1-10]
        // [MQTT-3.3.1-9, MQTT-3.8.4-4]
        case .sendIfNew, .sendAtSubscribe: break
        }
        session.deliverRetained(subscription.filter)
    }

    func unsubscribe(_ packet: Unsubscribe, _ session: Session) {
        // [MQTT-3.10.4-6]
        let removed = packet.filters.map { session.unsubscribe($0) }
        // One answer per filter, in order [MQTT-3.11.3-2]; the packet is answered even if nothing was removed [MQTT-3.10.4-5].
        let unsuback = Unsuback(
            packetID: packet.packetID, reasonCodes: removed.map { $0 ? .success : .noSubscriptionExisted })
        session.whenDurable { [self] in
            // [MQTT-3.10.4-4]
            if isOpen { send(unsuback) }
        }
        for (filter, wasThere) in zip(packet.filters, removed) where wasThere {
            shard.observe(.unsubscribed(client, filter))
        }
    }
}

/// What a SUBSCRIBE gets, once all that it asked for is in place.
private struct SubscribeAnswer {
    let packetID: PacketID
    let codes: [ReasonCode]
    /// Why the first of those that were refused was.
    let reason: String?
    let granted: [(subscription: Subscription, isNew: Bool)]
}

/// Runs something when as many steps were taken as it waits for.
private final class CountDown {
    private var left: Int
    private let action: () -> Void

    init(_ count: Int, _ action: @escaping () -> Void) {
        left = count
        self.action = action
    }

    func step() {
        left -= 1
        if left == 0 { action() }
    }
}
