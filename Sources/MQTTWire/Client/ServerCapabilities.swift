/// What the server said in its CONNACK; the values that the protocol gives where it said nothing.
public struct ServerCapabilities: Hashable, Sendable {
    /// How many QoS 1 and 2 messages it takes at once.
    public let receiveMaximum: UInt16
    /// The largest packet it takes, in bytes.
    public let maximumPacketSize: Int
    /// The highest topic alias it takes; 0: none.
    public let topicAliasMaximum: UInt16
    /// The highest QoS it takes.
    public let maximumQoS: QoS
    /// Whether it keeps retained messages.
    public let retainAvailable: Bool
    /// Whether it takes filters with wildcards.
    public let wildcardSubscriptionAvailable: Bool
    /// Whether it takes subscription identifiers.
    public let subscriptionIdentifierAvailable: Bool
    /// Whether it takes shared subscriptions.
    public let sharedSubscriptionAvailable: Bool

    init(_ properties: Properties) {
        receiveMaximum = properties.receiveMaximum ?? .max
        let protocolMaximum = MQTTLimits.maximumFixedHeaderLength + MQTTLimits.maximumVariableByteInteger
        maximumPacketSize = properties.maximumPacketSize.map { min(Int($0), protocolMaximum) } ?? protocolMaximum
        topicAliasMaximum = properties.topicAliasMaximum ?? 0
        maximumQoS = properties.maximumQoS ?? .exactlyOnce
        retainAvailable = properties.retainAvailable ?? true
        wildcardSubscriptionAvailable = properties.wildcardSubscriptionAvailable ?? true
        subscriptionIdentifierAvailable = properties.subscriptionIdentifierAvailable ?? true
        sharedSubscriptionAvailable = properties.sharedSubscriptionAvailable ?? true
    }

    /// Throws what a publication asks for that the server does not do [MQTT-3.2.2-11, 3.2.2-14, 3.2.2-17].
    func check(_ publication: MQTTPublication) throws(MQTTClientError) {
        guard publication.qos <= maximumQoS else {
            throw .unsupportedByServer("QoS \(publication.qos.rawValue); at most QoS \(maximumQoS.rawValue)")
        }
        guard !publication.retain || retainAvailable else { throw .unsupportedByServer("retained messages") }
        if let alias = publication.properties.topicAlias, alias > topicAliasMaximum {
            throw .unsupportedByServer("topic alias \(alias); at most \(topicAliasMaximum)")
        }
    }

    /// Throws what a subscription asks for that the server does not do.
    func check(_ subscriptions: [Subscription], _ properties: Properties) throws(MQTTClientError) {
        for subscription in subscriptions {
            guard wildcardSubscriptionAvailable || !subscription.filter.hasWildcard else {
                throw .unsupportedByServer("wildcards, such as in \(subscription.filter)")
            }
            guard sharedSubscriptionAvailable || !subscription.filter.isShared else {
                throw .unsupportedByServer("shared subscriptions, such as \(subscription.filter)")
            }
        }
        guard subscriptionIdentifierAvailable || properties.subscriptionIdentifier == nil else {
            throw .unsupportedByServer("subscription identifiers")
        }
    }
}

/// A connection that the server accepted.
public struct MQTTConnectionInfo: Hashable, Sendable {
    /// Whether the server went on with a session: subscriptions stand and what was missed arrives. Always false in 3.1, which does not say.
    public let sessionPresent: Bool
    /// The client id in force: the configured one, or the one that the server chose.
    public let clientID: ClientID
    /// The keep-alive in force, which the server may have set.
    public let keepAlive: Duration
    /// What the server does and does not do.
    public let capabilities: ServerCapabilities
    /// All properties of the CONNACK (5.0).
    public let properties: Properties
}
