extension Properties {
    /// Whether the payload is declared to be UTF-8 text; nil when nothing is declared.
    public var payloadFormatIndicator: Bool? { flag(.payloadFormatIndicator) }

    /// Seconds after which a message not yet delivered is dropped.
    public var messageExpiryInterval: UInt32? { uint32(.messageExpiryInterval) }

    /// What the payload is, usually a media type.
    public var contentType: String? { text(.contentType) }

    /// The topic name that a response is published to.
    public var responseTopic: String? { text(.responseTopic) }

    /// What the response carries back, so that the requester knows which request it answers.
    public var correlationData: [UInt8]? { binary(.correlationData) }

    /// The subscription identifier of a SUBSCRIBE, or the first one of a PUBLISH.
    public var subscriptionIdentifier: Int? { field(.subscriptionIdentifier)?.integer }

    /// All subscription identifiers of a PUBLISH, one for each matching subscription that has one.
    public var subscriptionIdentifiers: [Int] {
        compactMap { property in
            if case .subscriptionIdentifier(let identifier) = property { identifier } else { nil }
        }
    }

    /// Seconds that a session outlives its connection; absent means 0, `UInt32.max` is for ever.
    public var sessionExpiryInterval: UInt32? { uint32(.sessionExpiryInterval) }

    /// The client id that the server chose for a client that had none.
    public var assignedClientIdentifier: String? { text(.assignedClientIdentifier) }

    /// Seconds; replaces the keep-alive that the client asked for.
    public var serverKeepAlive: UInt16? { uint16(.serverKeepAlive) }

    /// The name of the extended authentication that is used.
    public var authenticationMethod: String? { text(.authenticationMethod) }

    /// Bytes whose meaning the authentication method defines.
    public var authenticationData: [UInt8]? { binary(.authenticationData) }

    /// Whether reason strings and user properties are welcome beside failures; absent means yes.
    public var requestProblemInformation: Bool? { flag(.requestProblemInformation) }

    /// Seconds between the loss of the connection and the will; absent means 0.
    public var willDelayInterval: UInt32? { uint32(.willDelayInterval) }

    /// Whether the client asks for response information in CONNACK; absent means no.
    public var requestResponseInformation: Bool? { flag(.requestResponseInformation) }

    /// What the client builds its response topics from.
    public var responseInformation: String? { text(.responseInformation) }

    /// Another server to use.
    public var serverReference: String? { text(.serverReference) }

    /// Says for people what the reason code says.
    public var reasonString: String? { text(.reasonString) }

    /// How many QoS 1 and 2 messages the sender takes at once; absent means 65,535.
    public var receiveMaximum: UInt16? { uint16(.receiveMaximum) }

    /// The highest topic alias that the sender takes; absent means 0, none.
    public var topicAliasMaximum: UInt16? { uint16(.topicAliasMaximum) }

    /// The number that stands for the topic name on this connection.
    public var topicAlias: UInt16? { uint16(.topicAlias) }

    /// The highest QoS that the server takes; absent means exactly once.
    public var maximumQoS: QoS? { field(.maximumQoS).flatMap { QoS(rawValue: UInt8(truncatingIfNeeded: $0.integer)) } }

    /// Whether the server keeps retained messages; absent means yes.
    public var retainAvailable: Bool? { flag(.retainAvailable) }

    /// All user properties, in their order.
    public var userProperties: [UserProperty] {
        compactMap { property in
            if case .userProperty(let pair) = property { pair } else { nil }
        }
    }

    /// The largest packet in bytes that the sender takes; absent means no limit but the protocol's.
    public var maximumPacketSize: UInt32? { uint32(.maximumPacketSize) }

    /// Whether the server takes filters with wildcards; absent means yes.
    public var wildcardSubscriptionAvailable: Bool? { flag(.wildcardSubscriptionAvailable) }

    /// Whether the server takes subscription identifiers; absent means yes.
    public var subscriptionIdentifierAvailable: Bool? { flag(.subscriptionIdentifierAvailable) }

    /// Whether the server takes shared subscriptions; absent means yes.
    public var sharedSubscriptionAvailable: Bool? { flag(.sharedSubscriptionAvailable) }

    private func flag(_ identifier: PropertyIdentifier) -> Bool? {
        field(identifier).map { $0.integer != 0 }
    }

    private func uint16(_ identifier: PropertyIdentifier) -> UInt16? {
        field(identifier).map { UInt16(truncatingIfNeeded: $0.integer) }
    }

    private func uint32(_ identifier: PropertyIdentifier) -> UInt32? {
        field(identifier).map { UInt32(truncatingIfNeeded: $0.integer) }
    }

    private func text(_ identifier: PropertyIdentifier) -> String? {
        guard let field = field(identifier) else { return nil }
        return TextRules.text(bytes.span, field.data)
    }

    private func binary(_ identifier: PropertyIdentifier) -> [UInt8]? {
        guard let field = field(identifier) else { return nil }
        return bytes.span.array(field.data)
    }
}
