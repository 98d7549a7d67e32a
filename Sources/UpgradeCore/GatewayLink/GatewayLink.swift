public import UpgradeProtocol

/// The seam to MQTT: what the engine asks of a broker, and the only thing it knows of one.
///
/// What happens comes back as ``LinkEvent``s through ``UpgradeEngine/receive(_:)``. Every call returns at once; nothing here blocks or throws,
/// because whatever goes wrong with one gateway is an event of that gateway.
public protocol GatewayLink: Sendable {
    /// Sends a publication to its audience at QoS 1, never retained.
    func publish(_ publication: Publication)

    /// Stops transfers of which some bytes have not left yet. A packet that has begun cannot be taken back, so its connection is closed.
    /// Each transfer still ends with exactly one ``LinkEvent/transferEnded(_:_:)``.
    func cancel(_ transfers: [TransferID])

    /// Closes one connection; `reason` is for the log.
    func close(_ connection: ConnectionID, reason: String)

    /// How many bytes of transfers have not reached the gateway's side, as far as the connection tells without the gateway's help. Those that have
    /// not begun or have ended are left out.
    func bytesToGo(of transfers: [TransferID]) async -> [TransferID: Int]
}

extension GatewayLink {
    /// A link that cannot tell.
    public func bytesToGo(of transfers: [TransferID]) async -> [TransferID: Int] { [:] }
}

/// One connection of one gateway. Never used again within a process.
public struct ConnectionID: Hashable, Sendable {
    /// A number that is never given again within a process.
    public let rawValue: UInt64
    /// The name of that number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One payload on its way to one gateway, whose end is reported.
public struct TransferID: Hashable, Sendable {
    /// A number that is never given again within a process.
    public let rawValue: UInt64
    /// The name of that number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Something to send to gateways.
public struct Publication: Sendable {
    /// Where to.
    public var topic: Topic
    /// What.
    public var payload: OutboundPayload
    /// Whom for.
    public var audience: Audience
    /// The publication never outlives a connection: it is neither queued for an absent client nor kept in flight across a disconnect.
    public var endsWithConnection: Bool

    /// A publication at QoS 1, never retained.
    public init(topic: Topic, payload: OutboundPayload, audience: Audience, endsWithConnection: Bool) {
        self.topic = topic
        self.payload = payload
        self.audience = audience
        self.endsWithConnection = endsWithConnection
    }
}

/// The bytes of a frame.
public enum OutboundPayload: Sendable {
    /// A whole frame in memory.
    case bytes([UInt8])
    /// A frame header, followed by the first `size` bytes of a file that does not change while it is sent. The link maps the file once for all recipients.
    case file(header: [UInt8], path: String, size: Int)
}

/// Who gets a publication.
public enum Audience: Sendable {
    /// Every client that subscribes to the topic and may receive it; a gateway that is disabled or not approved may not.
    case subscribers
    /// These connections alone, and of them those that hold a subscription to the topic. Each transfer's end is reported.
    case recipients([Recipient])
}

/// One connection that a publication is meant for, and the name under which its delivery is reported.
public struct Recipient: Sendable {
    /// The client id of the connection.
    public var gateway: GatewayID
    /// The connection.
    public var connection: ConnectionID
    /// The name that the end of this delivery is reported under.
    public var transfer: TransferID

    /// One connection, and the name of its delivery.
    public init(gateway: GatewayID, connection: ConnectionID, transfer: TransferID) {
        self.gateway = gateway
        self.connection = connection
        self.transfer = transfer
    }
}

/// What happens on the link. Events of one connection come in the order in which they happened.
public enum LinkEvent: Sendable {
    /// A gateway's CONNECT was accepted. A takeover reports the old connection's end first.
    case connected(GatewayID, ConnectionID, address: String)
    /// A SUBSCRIBE was answered: from now on a publication to `topic` reaches this connection. Also reported, right after
    /// ``connected(_:_:address:)``, for the subscriptions of a session that was resumed. A filter with wildcards is reported as each topic that it matches.
    case subscribed(GatewayID, ConnectionID, Topic)
    /// An UNSUBSCRIBE took a subscription away.
    case unsubscribed(GatewayID, ConnectionID, Topic)
    /// A connection that had been reported as connected ended.
    case disconnected(GatewayID, ConnectionID, reason: String)
    /// A gateway published to one of its topics.
    case message(InboundMessage)
    /// The last byte of the packet was handed to the connection's socket: its place in the budget goes to the next one, though its PUBACK may be
    /// minutes away. A link that cannot tell leaves this out.
    case transferWritten(TransferID)
    /// Comes exactly once for each ``Recipient``.
    case transferEnded(TransferID, TransferEnd)
}

/// How a transfer ended.
public enum TransferEnd: Sendable, Equatable {
    /// PUBACK came; or the last byte left for a connection that then ended, or that subscribed at QoS 0.
    case delivered
    /// The connection ended, or the transfer was cancelled, after the first byte and before the last.
    case cutOff
    /// Not a byte was sent: no such connection or subscription any more, cancelled in time, or no room in the queue.
    case notSent
}

/// One PUBLISH from a gateway.
public struct InboundMessage: Sendable {
    /// The client id of the connection.
    public var gateway: GatewayID
    /// The connection.
    public var connection: ConnectionID
    /// What the message is, by its topic.
    public var verb: GatewayVerb
    /// The whole MQTT payload: a frame, as yet unchecked.
    public var payload: [UInt8]
    /// Sends the PUBACK (QoS 1) or PUBREC (QoS 2); nothing at QoS 0. Called once, when what the message changed is durable or nothing is to change.
    public var acknowledge: @Sendable () -> Void

    /// One PUBLISH to `TOCLOUD/<verb>/<gateway>`.
    public init(
        gateway: GatewayID, connection: ConnectionID, verb: GatewayVerb, payload: [UInt8],
        acknowledge: @escaping @Sendable () -> Void
    ) {
        self.gateway = gateway
        self.connection = connection
        self.verb = verb
        self.payload = payload
        self.acknowledge = acknowledge
    }
}
