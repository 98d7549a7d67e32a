/// The message that a server publishes for a client whose connection ends without DISCONNECT (section 3.1.2.5).
public struct Will: Hashable, Sendable {
    /// Where the message is published.
    public var topic: TopicName

    /// At most 65,535 bytes.
    public var payload: [UInt8]

    /// The QoS that it is published with.
    public var qos: QoS

    /// Whether the server keeps it as its topic's retained message.
    public var retain: Bool

    /// Among them the delay with which the will is published.
    public var properties: Properties

    /// Creates a will; its properties are checked when CONNECT is encoded.
    public init(
        topic: TopicName, payload: [UInt8] = [], qos: QoS = .atMostOnce, retain: Bool = false,
        properties: Properties = Properties()
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties
    }
}
