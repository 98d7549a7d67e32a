import DequeModule
import MQTTWire

/// What a connection keeps of its client's publications: most clients of an idle fleet publish nothing for hours, or never.
final class Publications {
    let publisher: Publisher
    /// The topics that the client's aliases stand for.
    /// [MQTT-3.3.2-7]
    var aliases: [UInt16: TopicName] = [:]
    /// The answers that are due, in the order of the publications.
    var receipts: Deque<Receipt> = []
    /// The QoS 2 publications that a 5.0 client sent on this connection and has not released: a new connection begins with the whole Receive Maximum
    /// (section 4.9), whatever the session still knows.
    var unreleased: Set<PacketID> = []
    /// How many publications each interceptor has outstanding, in the order of the hooks.
    var intercepted: [Int]

    init(_ publisher: Publisher, interceptors: Int) {
        self.publisher = publisher
        intercepted = Array(repeating: 0, count: interceptors)
    }

    /// PUBLISHes that are not wholly acknowledged: QoS 1 without PUBACK, QoS 2 without PUBCOMP.
    var unanswered: Int { receipts.count { $0.qos == .atLeastOnce } + unreleased.count }
}
