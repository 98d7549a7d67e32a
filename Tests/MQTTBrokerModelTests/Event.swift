import MQTTWire

/// What happened, in the order in which the clients, which all live on one thread, did it or saw it. Connections and messages have numbers.
enum Event: Sendable {
    /// CONNECT was sent.
    case opened(Int, client: Int, ConnectChoice)
    /// CONNACK came.
    case granted(Int, sessionPresent: Bool)
    case closed(Int, Closing)
    case published(Int, PublishChoice)
    /// PUBACK or PUBREC came.
    case accepted(number: Int, ReasonCode)
    case subscribed(Int, packetID: UInt16, [SubscriptionChoice], identifier: Int?)
    case suback(Int, packetID: UInt16, [ReasonCode])
    case unsubscribed(Int, packetID: UInt16, [String])
    case unsuback(Int, packetID: UInt16)
    case received(Int, Receipt)
    /// PUBACK or PUBCOMP was sent.
    case answered(Int, packetID: UInt16)
    /// Nothing was under way any more; these connections had answered all that they got.
    case settled(taking: Set<Int>)
    case stopped(isCrash: Bool)
    case started(keepsState: Bool)
    /// What must not happen to any client.
    case trouble(String)
}

/// Who ended a connection.
enum Closing: Sendable, Hashable {
    case cut
    case goodbye(expiry: UInt32?, keepsWill: Bool)
    case takenOver
    case brokerStopped
    /// The broker, by itself.
    case broker(ReasonCode?)
}

/// A PUBLISH that came.
struct Receipt: Sendable, Hashable {
    /// The number in the payload; `nil`: there is none.
    var number: Int?
    /// Whether the payload is as it was published.
    var isWhole: Bool
    var topic: String
    var qos: QoS
    var retain: Bool
    var isDuplicate: Bool
    var packetID: UInt16?
    /// Whether the client has the QoS 2 message already, by its packet id.
    var isRepeated: Bool
    var identifiers: [Int]
}

struct Entry: Sendable {
    /// Since the beginning.
    var at: Duration
    var event: Event
}
