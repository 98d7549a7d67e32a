/// A message to be published.
public struct MQTTPublication: Sendable {
    /// Where it goes.
    public var topic: TopicName
    /// Shared, never copied on its way out unless it is small.
    public var payload: SharedBytes
    /// How hard the delivery tries.
    public var qos: QoS
    /// Whether the server keeps it for later subscribers.
    public var retain: Bool
    /// Properties of PUBLISH (5.0).
    public var properties: Properties

    /// A message with a shared payload.
    public init(
        topic: TopicName, payload: SharedBytes, qos: QoS = .atMostOnce, retain: Bool = false,
        properties: Properties = Properties()
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties
    }

    /// A message whose payload is copied from an array.
    public init(
        topic: TopicName, payload: [UInt8], qos: QoS = .atMostOnce, retain: Bool = false,
        properties: Properties = Properties()
    ) {
        self.init(topic: topic, payload: SharedBytes(payload), qos: qos, retain: retain, properties: properties)
    }
}

/// A message that a subscription brought.
public struct MQTTMessage: Sendable {
    /// Where it was published.
    public let topic: TopicName
    /// The memory into which it was received; no copy is made of it.
    public let payload: SharedBytes
    /// How it was delivered.
    public let qos: QoS
    /// Whether the server had kept it from before the subscription (or, as the subscription asked, how it was published).
    public let retain: Bool
    /// Whether it may have been delivered before.
    public let isDuplicate: Bool
    /// Properties of PUBLISH (5.0).
    public let properties: Properties

    let receipt: InboundReceipt?
    let acknowledger: Acknowledger?

    /// Tells the server that the message was dealt with.
    ///
    /// Does nothing where the client acknowledges by itself, at QoS 0, the second time, and when the connection that brought the message has ended (the server
    /// then sends it again). Acknowledgements leave in the order in which the messages came, whatever the order of these calls.
    public func acknowledge() {
        if let receipt { acknowledger?.acknowledge(receipt) }
    }
}

/// Which delivery an acknowledgement is for.
struct InboundReceipt: Hashable, Sendable {
    /// Counts deliveries of a client: packet ids come again.
    let serial: UInt64
    let packetID: PacketID
}

/// The way back from a message to the client that brought it.
final class Acknowledger: Sendable {
    private let core: LoopBound<WeakReference<ClientCore>>
    private let loop: EventLoop

    init(_ core: ClientCore) {
        loop = core.loop
        self.core = LoopBound(WeakReference(core), to: core.loop)
    }

    func acknowledge(_ receipt: InboundReceipt) {
        loop.execute { [core] in core.value.object?.acknowledge(receipt) }
    }
}

struct WeakReference<Object: AnyObject> {
    weak var object: Object?

    init(_ object: Object) {
        self.object = object
    }
}
