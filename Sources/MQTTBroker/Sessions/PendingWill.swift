import MQTTWire

/// The will of a client (section 3.1.2.5), with what is needed to publish it when the client itself is gone.
struct PendingWill {
    let will: Will
    let client: ConnectedClient
    let publisher: Publisher
    /// Counts it among all wills while it is there.
    private let kept: KeptWill
    /// What is left of the delay, if it began before a restart.
    let delayLeft: Duration?

    init(_ kept: KeptWill, of client: ConnectedClient, publisher: Publisher, delayLeft: Duration? = nil) {
        will = kept.will
        self.kept = kept
        self.client = client
        self.publisher = publisher
        self.delayLeft = delayLeft
    }

    /// The time between the end of the connection and the will.
    var delay: Duration { delayLeft ?? .seconds(Int64(will.properties.willDelayInterval ?? 0)) }
}

extension Shard {
    /// Publishes a will as if its client did; the publish hook may refuse it.
    func publish(_ pending: PendingWill) {
        let will = pending.will
        if will.topic.isSystems
            || core.hooks.authorizePublish?(pending.client, will.topic, will.qos, will.retain) == .refuse
        {
            counters.add(1, to: .publishesRefused)
            return
        }
        // [MQTT-3.1.3-10]
        var properties = will.properties
        let expiry = properties.messageExpiryInterval.map { loop.now + .seconds(Int64($0)) }
        properties.remove(.willDelayInterval, .messageExpiryInterval)
        let message = Message(
            id: core.nextMessageID(), topic: will.topic, body: SharedSlice(SharedBytes(will.payload)), qos: will.qos,
            // [MQTT-3.1.2-14, MQTT-3.1.2-15]
            retain: will.retain,
            properties: properties, expiry: expiry, publisher: pending.publisher, budget: core.budget)
        retainIfAsked(message)
        route(message, to: core.interest.loops(for: message.topic))
    }
}

/// A will, with its share of ``Limits/willBytes``, which is given back with the last reference to it.
final class KeptWill {
    let will: Will
    private let budget: Budget
    private let size: Int

    /// Takes the share; `nil` if there is not so much left.
    init?(_ will: Will, of budget: Budget) {
        size = Self.size(of: will)
        guard budget.take(size) else { return nil }
        self.will = will
        self.budget = budget
    }

    /// A will that was let in before a restart; the limit may have been lowered since.
    init(restored will: Will, of budget: Budget) {
        size = Self.size(of: will)
        budget.add(size)
        self.will = will
        self.budget = budget
    }

    deinit { budget.subtract(size) }

    private static func size(of will: Will) -> Int {
        will.payload.count + will.topic.bytes.count + will.properties.byteCount + 200
    }
}
