public import MQTTWire

/// A publication of the embedding program.
public struct OutboundPublication: Sendable {
    /// The name it is published under.
    public var topic: TopicName
    /// Bytes that go before ``body``, such as a frame's header; meant to be few.
    public var prefix: [UInt8]
    /// The rest of the application message, shared by all recipients and never copied.
    public var body: SharedBytes
    /// The QoS of the publication; a subscription may lower it.
    public var qos: QoS
    /// Whether the broker keeps it as the topic's retained message.
    public var retain: Bool
    /// Who gets it.
    public var audience: DeliveryAudience
    /// The publication never outlives a connection: it is neither queued for an absent client nor kept in flight when the connection ends.
    /// This departs from [MQTT-4.4.0-1] on purpose: whoever sets it sends again by rules of their own.
    public var endsWithConnection: Bool

    /// A publication of `prefix` followed by `body`.
    public init(
        topic: TopicName, prefix: [UInt8] = [], body: SharedBytes, qos: QoS = .atLeastOnce, retain: Bool = false,
        audience: DeliveryAudience = .subscribers, endsWithConnection: Bool = false
    ) {
        self.topic = topic
        self.prefix = prefix
        self.body = body
        self.qos = qos
        self.retain = retain
        self.audience = audience
        self.endsWithConnection = endsWithConnection
    }
}

/// Who gets an ``OutboundPublication``.
public enum DeliveryAudience: Sendable {
    /// Every client with a matching subscription.
    case subscribers
    /// These connections alone, and of them those with a matching subscription. How each gets on is told to ``Hooks/observeDelivery``.
    case connections([DeliveryTarget])
}

/// One connection that a publication is meant for.
public struct DeliveryTarget: Sendable {
    /// The client id, which tells the loop that the connection lives on.
    public var clientID: ClientID
    /// The connection; a later one of the same client is not meant.
    public var connectionID: ConnectionID
    /// The name of this delivery in ``DeliveryReport``s.
    public var token: DeliveryToken

    /// Names one connection and one delivery to it.
    public init(clientID: ClientID, connectionID: ConnectionID, token: DeliveryToken) {
        self.clientID = clientID
        self.connectionID = connectionID
        self.token = token
    }
}

/// The embedding program's name for one delivery. The broker only hands it back.
public struct DeliveryToken: Hashable, Sendable {
    /// Any number that the embedding program has not used for a delivery under way.
    public let rawValue: UInt64

    /// Names a delivery by this number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// How a delivery gets on: at most one ``began(_:)``, at most one ``written(_:)`` after it, and exactly one ``ended(_:_:)`` at last.
public enum DeliveryReport: Sendable, Equatable {
    /// The first byte of the packet was handed to the socket.
    case began(DeliveryToken)
    /// The last byte was handed to the socket.
    case written(DeliveryToken)
    /// The delivery is over, one way or the other; the token may be used again.
    case ended(DeliveryToken, DeliveryEnd)
}

/// How a delivery ended.
public enum DeliveryEnd: Sendable, Hashable {
    /// PUBACK or PUBREC came; or the last byte left at QoS 0, or for a connection that ended before it acknowledged.
    case delivered
    /// The connection ended, or the delivery was cancelled, between the first byte and the last.
    case cutOff
    /// Not a byte was sent: no such connection or subscription, cancelled in time, refused by the deliver hook, or no room in the queue.
    case notSent
}
