import MQTTWire

/// The will of a client (section 3.1.2.5), with what is needed to publish it when the client itself is gone.
struct PendingWill {
    let will: Will
    let client: ConnectedClient
    let publisher: Publisher
    /// What is left of the delay, if it began before a restart.
    var delayLeft: Duration?

    /// The time between the end of the connection and the will.
    var delay: Duration { delayLeft ?? .seconds(Int64(will.properties.willDelayInterval ?? 0)) }
}

extension Shard {
    /// Publishes a will as if its client did; the publish hook may refuse it.
    func publish(_ pending: PendingWill) {
        let will = pending.will
        if let authorize = core.hooks.authorizePublish,
            authorize(pending.client, will.topic, will.qos, will.retain) == .refuse
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
