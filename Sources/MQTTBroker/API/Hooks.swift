public import MQTTWire

/// What a program that embeds the broker decides and hears.
///
/// Hooks run on the broker's loop threads and must neither block nor wait. All calls that concern one connection come in the order in which things
/// happened. A hook that is `nil` allows everything and costs nothing, ``authorizeTakeover`` and ``beginExchange`` excepted.
public struct Hooks: Sendable {
    /// Decides about a CONNECT. Returning `nil` says that the decision comes through the second argument.
    /// Until it has come nothing further is read from the connection, and the CONNECT time limit runs on.
    public var authenticate: (@Sendable (ConnectRequest, DeferredAuthentication) -> AuthenticationDecision?)?

    /// Begins the exchange with a 5.0 client that names an authentication method in CONNECT, instead of ``authenticate``. `nil` says that there is no such
    /// method here: the client gets 0x8C (Bad authentication method), as every method does without this hook.
    public var beginExchange: (@Sendable (ConnectRequest, _ method: String) -> AuthenticationExchange?)?

    /// Decides whether a client whose CONNECT was granted gets a session that belongs to another identity, connected or kept. `true` makes the
    /// session the newcomer's, with all that waits in it; `false` refuses the CONNECT as ``ConnectRefusal/notAuthorized``, and neither the session
    /// nor its connection nor its will notices. Asked when the two differ and then alone, and about Clean Start too, which would wipe the session.
    ///
    /// When it is `nil`, the answer is no.
    public var authorizeTakeover: (@Sendable (ClientID, _ owner: ClientIdentity, _ newcomer: ClientIdentity) -> Bool)?

    /// Decides about a PUBLISH of a client (a will is asked about when it is published, on behalf of the client that left it).
    public var authorizePublish: (@Sendable (ConnectedClient, TopicName, QoS, _ retain: Bool) -> PublishDecision)?

    /// Decides about one filter of a SUBSCRIBE, and about those of a session that is resumed: what is not allowed there ends.
    public var authorizeSubscribe: (@Sendable (ConnectedClient, TopicFilter, QoS) -> SubscribeDecision)?

    /// Decides about one delivery to a connected client; `false` withholds the message from that client.
    public var authorizeDelivery: (@Sendable (ConnectedClient, TopicName) -> Bool)?

    /// Names what a 5.0 client that asks for Response Information builds its response topics from; `nil` for nothing.
    public var responseInformation: (@Sendable (ConnectedClient) -> String?)?

    /// Hears what happens.
    public var observe: (@Sendable (BrokerEvent) -> Void)?

    /// Hears how publications that carry a ``DeliveryToken`` get on.
    public var observeDelivery: (@Sendable (DeliveryReport) -> Void)?

    /// Receives what clients publish to some topics.
    public var interceptors: [Interceptor]

    /// Hooks that let everybody do everything.
    public init(
        authenticate: (@Sendable (ConnectRequest, DeferredAuthentication) -> AuthenticationDecision?)? = nil,
        beginExchange: (@Sendable (ConnectRequest, _ method: String) -> AuthenticationExchange?)? = nil,
        authorizeTakeover: (@Sendable (ClientID, _ owner: ClientIdentity, _ newcomer: ClientIdentity) -> Bool)? = nil,
        authorizePublish: (@Sendable (ConnectedClient, TopicName, QoS, _ retain: Bool) -> PublishDecision)? = nil,
        authorizeSubscribe: (@Sendable (ConnectedClient, TopicFilter, QoS) -> SubscribeDecision)? = nil,
        authorizeDelivery: (@Sendable (ConnectedClient, TopicName) -> Bool)? = nil,
        responseInformation: (@Sendable (ConnectedClient) -> String?)? = nil,
        observe: (@Sendable (BrokerEvent) -> Void)? = nil,
        observeDelivery: (@Sendable (DeliveryReport) -> Void)? = nil,
        interceptors: [Interceptor] = []
    ) {
        self.authenticate = authenticate
        self.beginExchange = beginExchange
        self.authorizeTakeover = authorizeTakeover
        self.authorizePublish = authorizePublish
        self.authorizeSubscribe = authorizeSubscribe
        self.authorizeDelivery = authorizeDelivery
        self.responseInformation = responseInformation
        self.observe = observe
        self.observeDelivery = observeDelivery
        self.interceptors = interceptors
    }
}

/// Whether a client may publish to a topic.
public enum PublishDecision: Sendable, Hashable {
    /// The message goes its way.
    case allow
    /// The message is dropped. MQTT 3 has no word for it, so its clients get the usual acknowledgement; 5.0 clients get 0x87 (Not authorized).
    case refuse
}

/// Whether a client may subscribe to a filter.
public enum SubscribeDecision: Sendable, Hashable {
    /// The subscription is granted.
    case allow
    /// This client may not: 5.0 clients get 0x87 (Not authorized), the others 0x80.
    case refuse
    /// Nobody may: every client gets 0x80 (Failure, in 5.0 Unspecified error).
    case fail
}

/// Something that happened in the broker.
public enum BrokerEvent: Sendable {
    /// A CONNECT was accepted. A takeover reports the end of the old connection first.
    case connected(ConnectedClient, sessionPresent: Bool)
    /// A connection that had been reported as connected ended.
    case disconnected(ConnectedClient, DisconnectCause)
    /// A SUBSCRIBE was granted and its SUBACK is queued: from now on publications to the filter reach this connection.
    /// Reported for every subscription of a resumed session too, right after ``connected(_:sessionPresent:)``.
    case subscribed(ConnectedClient, TopicFilter, QoS)
    /// An UNSUBSCRIBE removed a subscription.
    case unsubscribed(ConnectedClient, TopicFilter)
    /// A message will not reach this client.
    case dropped(clientID: ClientID, TopicName, DropCause)
}

/// Why a connection ended.
public enum DisconnectCause: Sendable, Hashable, CustomStringConvertible {
    /// The client sent DISCONNECT.
    case client
    /// The network connection ended without DISCONNECT.
    case connectionLost
    /// Another connection took over the client id.
    case takenOver
    /// Nothing was heard for one and a half times the keep-alive.
    case keepAliveTimeout
    /// The client took no byte for the write-stall time.
    case writeStall
    /// The client broke the protocol, or a limit; the reason code says which.
    case protocolViolation(ReasonCode, detail: String)
    /// The embedding program asked for it, by ``Broker/disconnect(_:clientID:reason:)``, by ``Broker/disconnect(_:reason:where:)``, by
    /// ``Broker/disconnectAll(reason:where:)``, by cancelling a delivery that had begun or by refusing a re-authentication.
    case administrative(String)
    /// The broker stops.
    case shutdown

    /// What the client did wrong.
    var violation: String? {
        if case .protocolViolation(_, let detail) = self { detail } else { nil }
    }

    /// One line for a log.
    public var description: String {
        switch self {
        case .client: "disconnected by the client"
        case .connectionLost: "connection lost"
        case .takenOver: "taken over by a newer connection"
        case .keepAliveTimeout: "keep-alive timeout"
        case .writeStall: "took no byte for the write-stall time"
        case .protocolViolation(let code, let detail): "protocol violation (\(code)): \(detail)"
        case .administrative(let reason): reason
        case .shutdown: "the broker stops"
        }
    }
}

/// Why a message did not reach a client.
public enum DropCause: Sendable, Hashable, CaseIterable {
    /// QoS 0, and the client's queue was full.
    case queueFullQoS0
    /// The oldest QoS 1 or 2 message made room in a full queue.
    case queueFullOldest
    /// Larger than the client's Maximum Packet Size.
    case tooLargeForClient
    /// Its Message Expiry Interval passed.
    case expired
    /// The deliver hook withheld it.
    case deliveryRefused
}
