public import MQTTWire

/// An in-process subscriber to what clients publish, which holds their acknowledgements in its hand.
public struct Interceptor: Sendable {
    /// The topics of interest.
    public var filters: [TopicFilter]
    /// How many publications of one connection may wait for their ``InterceptedPublication/acknowledge()``; at that number the connection is not read.
    public var outstandingLimit: Int
    /// Takes a publication. Runs on a loop thread and must not block.
    public var handler: @Sendable (InterceptedPublication) -> Void

    /// An interceptor for publications to any of `filters`.
    public init(
        filters: [TopicFilter], outstandingLimit: Int = 100,
        handler: @escaping @Sendable (InterceptedPublication) -> Void
    ) {
        self.filters = filters
        self.outstandingLimit = outstandingLimit
        self.handler = handler
    }
}

/// One PUBLISH of a client, on its way to an ``Interceptor``.
public struct InterceptedPublication: Sendable {
    /// Who published it, on which connection.
    public let client: ConnectedClient
    /// The name it was published under; a topic alias is resolved.
    public let topic: TopicName
    /// The application message, unchanged.
    public let payload: SharedSlice
    /// The QoS of the PUBLISH.
    public let qos: QoS
    /// The RETAIN flag of the PUBLISH.
    public let retain: Bool
    let acknowledgement: InterceptionAcknowledgement

    /// Says that the publication is dealt with: PUBACK or PUBREC goes out, in the order of the connection's PUBLISHes; at QoS 0 nothing does.
    /// To be called once, from any thread; further calls do nothing. Until then the publication counts against ``Interceptor/outstandingLimit``.
    public func acknowledge() { acknowledgement.give() }
}
