import MQTTWire

/// SUBSCRIBE and UNSUBSCRIBE.
extension Connection {
    func subscribe(_ packet: Subscribe, _ session: Session) {
        var codes: [ReasonCode] = []
        var granted: [(subscription: Subscription, isNew: Bool)] = []
        for subscription in packet.subscriptions {
            let code = refusal(of: subscription, session) ?? ReasonCode(granted: subscription.options.maximumQoS)
            codes.append(code)
            guard !code.isError else { continue }
            let isNew = session.subscribe(
                subscription.filter, options: subscription.options,
                identifier: packet.properties.subscriptionIdentifier)
            granted.append((subscription, isNew))
        }
        let suback = Suback(packetID: packet.packetID, reasonCodes: codes)
        let elsewhere = Set(
            granted.filter(\.subscription.filter.isShared).map { shard.core.owner(ofShared: $0.subscription.filter) }
        )
        .subtracting([shard.index])
        guard elsewhere.isEmpty else { return finish(suback, granted, after: elsewhere) }
        finish(suback, granted)
    }

    /// Waits until the owners of share groups on other loops know of the new members: after SUBACK no message may miss them.
    private func finish(
        _ suback: Suback, _ granted: [(subscription: Subscription, isNew: Bool)], after owners: Set<Int>
    ) {
        let finish = LoopBound(
            CountDown(owners.count) { [self] in
                if session != nil { self.finish(suback, granted) }
            }, to: loop)
        let loop = loop
        for owner in owners {
            // What was posted to the owner before, the joining among it, is done when this runs.
            shard.post(to: owner) { _ in loop.execute { finish.value.step() } }
        }
    }

    private func finish(_ suback: Suback, _ granted: [(subscription: Subscription, isNew: Bool)]) {
        shard.whenDurable { [self] in
            guard session != nil else { return }
            answer(suback, granted)
        }
    }

    private func answer(_ suback: Suback, _ granted: [(subscription: Subscription, isNew: Bool)]) {
        send(suback)
        for (subscription, _) in granted {
            shard.observe(.subscribed(client, subscription.filter, subscription.options.maximumQoS))
        }
        for (subscription, isNew) in granted { deliverRetained(to: subscription, isNew: isNew) }
    }

    /// Why a subscription is refused; `nil` if it is granted.
    private func refusal(of subscription: Subscription, _ session: Session) -> ReasonCode? {
        switch shard.core.hooks.authorizeSubscribe?(client, subscription.filter, subscription.options.maximumQoS) {
        case .refuse: return .notAuthorized
        case .fail: return .unspecifiedError
        case .allow, .none: break
        }
        let limits = shard.core.limits
        var levels = subscription.filter.levels
        var count = 0
        while levels.next(subscription.filter.bytes.span) != nil { count += 1 }
        if count > limits.topicLevels { return .topicFilterInvalid }
        let isNew = session.subscriptions[subscription.filter] == nil
        return isNew && session.subscriptions.count >= limits.subscriptionsPerSession ? .quotaExceeded : nil
    }

    /// Sends the retained messages that a subscription asks for (section 3.8.3.1), with RETAIN set [MQTT-3.3.1-8].
    private func deliverRetained(to subscription: Subscription, isNew: Bool) {
        guard let session, !subscription.filter.isShared else { return }
        switch subscription.options.retainHandling {
        case .doNotSend: return  // [MQTT-3.3.1-11]
        case .sendIfNew where !isNew: return  // [MQTT-3.3.1-10]
        case .sendIfNew, .sendAtSubscribe: break
        }
        let identifiers = session.subscriptions[subscription.filter]?.identifier.map { [$0] } ?? []
        for message in shard.core.retained.matching(subscription.filter, at: loop.now) {
            session.deliver(
                Delivery(
                    message: message, qos: min(message.qos, subscription.options.maximumQoS), retain: true,
                    identifiers: identifiers))
        }
    }

    func unsubscribe(_ packet: Unsubscribe, _ session: Session) {
        let removed = packet.filters.map { session.unsubscribe($0) }
        // One answer per filter, in order [MQTT-3.11.3-2]; the packet is answered even if nothing was removed [MQTT-3.10.4-5].
        let unsuback = Unsuback(
            packetID: packet.packetID, reasonCodes: removed.map { $0 ? .success : .noSubscriptionExisted })
        shard.whenDurable { [self] in
            if isOpen { send(unsuback) }
        }
        for (filter, wasThere) in zip(packet.filters, removed) where wasThere {
            shard.observe(.unsubscribed(client, filter))
        }
    }
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
