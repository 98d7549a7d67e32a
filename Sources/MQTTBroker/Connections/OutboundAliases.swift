import MQTTWire

/// The topic aliases that the broker has told a 5.0 client (section 3.3.2.3.4): the first topics that it got messages of, as many as it takes
/// [MQTT-3.1.2-26].
final class OutboundAliases {
    private let limit: UInt16
    private var aliases: [TopicName: UInt16] = [:]

    /// None yet, and at most `limit`; `nil` if the client takes none at all.
    /// [MQTT-3.1.2-27]
    init?(limit: UInt16) {
        guard limit > 0 else { return nil }
        self.limit = limit
    }

    /// The alias that the client knows for the topic.
    func alias(of topic: TopicName) -> UInt16? { aliases[topic] }

    /// The alias that a further topic gets; `nil` when the client takes no more.
    /// [MQTT-3.3.2-11]
    var next: UInt16? { aliases.count < Int(limit) ? UInt16(aliases.count) + 1 : nil }

    /// The client was sent the next alias together with the topic.
    func told(_ topic: TopicName) {
        if let next { aliases[topic] = next }
    }
}
