/// How a property's value is written, and which values are legal.
enum PropertyKind {
    /// One byte, 0 or 1.
    case flag
    case uint16
    case uint16NotZero
    case uint32
    case uint32NotZero
    case variableByteIntegerNotZero
    case binary
    case text
    /// Text that is a topic name: not empty, no wildcard.
    case topicName
    case textPair
}

/// One row of the legality table.
struct PropertyRule {
    let kind: PropertyKind

    /// Where the property may stand.
    let places: PropertyPlaces

    /// Where it may stand more than once.
    let repeatable: PropertyPlaces

    init(_ kind: PropertyKind, _ places: PropertyPlaces, repeatable: PropertyPlaces = .none) {
        self.kind = kind
        self.places = places
        self.repeatable = repeatable
    }
}

extension PropertyIdentifier {
    /// The one table of which property is legal where and with which value (table 2-4 and the packets' own sections).
    var rule: PropertyRule {
        switch self {
        case .payloadFormatIndicator: PropertyRule(.flag, [.publish, .will])
        case .messageExpiryInterval: PropertyRule(.uint32, [.publish, .will])
        // [MQTT-3.3.2-19]
        case .contentType: PropertyRule(.text, [.publish, .will])
        // [MQTT-3.3.2-13]
        case .responseTopic: PropertyRule(.topicName, [.publish, .will])  // [MQTT-3.3.2-14]
        case .correlationData: PropertyRule(.binary, [.publish, .will])
        case .subscriptionIdentifier:  // [MQTT-3.3.4-6]: none in a PUBLISH to a server
            PropertyRule(
                .variableByteIntegerNotZero, [.publishToClient, .subscribe], repeatable: .publishToClient)
        case .sessionExpiryInterval:  // [MQTT-3.14.2-2]: none in a DISCONNECT from a server
            PropertyRule(.uint32, [.connect, .connack, .disconnectToServer])
        case .assignedClientIdentifier: PropertyRule(.text, .connack)
        case .serverKeepAlive: PropertyRule(.uint16, .connack)
        case .authenticationMethod: PropertyRule(.text, [.connect, .connack, .auth])
        case .authenticationData: PropertyRule(.binary, [.connect, .connack, .auth])
        case .requestProblemInformation: PropertyRule(.flag, .connect)
        case .willDelayInterval: PropertyRule(.uint32, .will)
        case .requestResponseInformation: PropertyRule(.flag, .connect)
        case .responseInformation: PropertyRule(.text, .connack)
        case .serverReference: PropertyRule(.text, [.connack, .disconnect])
        case .reasonString: PropertyRule(.text, .answers)
        case .receiveMaximum: PropertyRule(.uint16NotZero, [.connect, .connack])
        case .topicAliasMaximum: PropertyRule(.uint16, [.connect, .connack])
        case .topicAlias: PropertyRule(.uint16NotZero, .publish)  // [MQTT-3.3.2-8]
        case .maximumQoS: PropertyRule(.flag, .connack)
        case .retainAvailable: PropertyRule(.flag, .connack)
        case .userProperty: PropertyRule(.textPair, .everywhere, repeatable: .everywhere)
        case .maximumPacketSize: PropertyRule(.uint32NotZero, [.connect, .connack])
        case .wildcardSubscriptionAvailable: PropertyRule(.flag, .connack)
        case .subscriptionIdentifierAvailable: PropertyRule(.flag, .connack)
        case .sharedSubscriptionAvailable: PropertyRule(.flag, .connack)
        }
    }
}
