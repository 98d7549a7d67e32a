/// A name and a value that MQTT carries without giving them a meaning (section 3.1.2.11.8 and its kin).
public struct UserProperty: Hashable, Sendable {
    /// Not necessarily unique among a packet's user properties.
    public var name: String

    /// Whatever sender and receiver agree on.
    public var value: String

    /// Joins name and value.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// One property with its value.
public enum Property: Hashable, Sendable {
    /// True: the payload is UTF-8 text.
    case payloadFormatIndicator(Bool)
    /// Seconds after which a message not yet delivered is dropped.
    case messageExpiryInterval(UInt32)
    case contentType(String)
    /// Where the answer to a request goes; not empty, no wildcard.
    case responseTopic(String)
    case correlationData([UInt8])
    /// 1 to 268,435,455.
    case subscriptionIdentifier(Int)
    /// Seconds that a session outlives its connection; `UInt32.max` is for ever.
    case sessionExpiryInterval(UInt32)
    case assignedClientIdentifier(String)
    /// Seconds; replaces the keep-alive that the client asked for.
    case serverKeepAlive(UInt16)
    case authenticationMethod(String)
    case authenticationData([UInt8])
    case requestProblemInformation(Bool)
    /// Seconds between the loss of the connection and the will.
    case willDelayInterval(UInt32)
    case requestResponseInformation(Bool)
    case responseInformation(String)
    case serverReference(String)
    case reasonString(String)
    /// How many QoS 1 and 2 messages the sender of this takes at once; not 0.
    case receiveMaximum(UInt16)
    /// The highest topic alias that the sender of this takes; 0: none.
    case topicAliasMaximum(UInt16)
    /// Not 0.
    case topicAlias(UInt16)
    /// At most once or at least once: the property has no value for exactly once.
    case maximumQoS(QoS)
    case retainAvailable(Bool)
    case userProperty(UserProperty)
    /// Bytes; not 0.
    case maximumPacketSize(UInt32)
    case wildcardSubscriptionAvailable(Bool)
    case subscriptionIdentifierAvailable(Bool)
    case sharedSubscriptionAvailable(Bool)

    /// Which property this is.
    public var identifier: PropertyIdentifier {
        switch self {
        case .payloadFormatIndicator: .payloadFormatIndicator
        case .messageExpiryInterval: .messageExpiryInterval
        case .contentType: .contentType
        case .responseTopic: .responseTopic
        case .correlationData: .correlationData
        case .subscriptionIdentifier: .subscriptionIdentifier
        case .sessionExpiryInterval: .sessionExpiryInterval
        case .assignedClientIdentifier: .assignedClientIdentifier
        case .serverKeepAlive: .serverKeepAlive
        case .authenticationMethod: .authenticationMethod
        case .authenticationData: .authenticationData
        case .requestProblemInformation: .requestProblemInformation
        case .willDelayInterval: .willDelayInterval
        case .requestResponseInformation: .requestResponseInformation
        case .responseInformation: .responseInformation
        case .serverReference: .serverReference
        case .reasonString: .reasonString
        case .receiveMaximum: .receiveMaximum
        case .topicAliasMaximum: .topicAliasMaximum
        case .topicAlias: .topicAlias
        case .maximumQoS: .maximumQoS
        case .retainAvailable: .retainAvailable
        case .userProperty: .userProperty
        case .maximumPacketSize: .maximumPacketSize
        case .wildcardSubscriptionAvailable: .wildcardSubscriptionAvailable
        case .subscriptionIdentifierAvailable: .subscriptionIdentifierAvailable
        case .sharedSubscriptionAvailable: .sharedSubscriptionAvailable
        }
    }

    /// Appends identifier and value; whether the value is in its range, the reading side of the table decides.
    func append(to buffer: inout [UInt8]) throws(PacketError) {
        buffer.append(identifier.rawValue)
        switch self {
        case .payloadFormatIndicator(let flag), .requestProblemInformation(let flag),
            .requestResponseInformation(let flag), .retainAvailable(let flag),
            .wildcardSubscriptionAvailable(let flag), .subscriptionIdentifierAvailable(let flag),
            .sharedSubscriptionAvailable(let flag):
            buffer.append(flag ? 1 : 0)
        case .maximumQoS(let qos):
            buffer.append(qos.rawValue)
        case .serverKeepAlive(let value), .receiveMaximum(let value), .topicAliasMaximum(let value),
            .topicAlias(let value):
            buffer.appendUInt16(value)
        case .messageExpiryInterval(let value), .sessionExpiryInterval(let value), .willDelayInterval(let value),
            .maximumPacketSize(let value):
            buffer.appendUInt32(value)
        case .subscriptionIdentifier(let value):
            guard 0...MQTTLimits.maximumVariableByteInteger ~= value else {
                throw PacketError(.protocolError, "subscription identifier \(value); it is 1 to 268435455")
            }
            buffer.appendVariableByteInteger(value)
        case .correlationData(let data):
            try buffer.appendBinary(data, "correlation data")
        case .authenticationData(let data):
            try buffer.appendBinary(data, "authentication data")
        case .contentType(let text), .responseTopic(let text), .assignedClientIdentifier(let text),
            .authenticationMethod(let text), .responseInformation(let text), .serverReference(let text),
            .reasonString(let text):
            try buffer.appendText(text, "property text")
        case .userProperty(let pair):
            try buffer.appendText(pair.name, "user property name")
            try buffer.appendText(pair.value, "user property value")
        }
    }

    /// The value of a field that has been checked.
    init(_ field: PropertyField, _ bytes: Span<UInt8>) {
        var text: String { TextRules.text(bytes, field.data) }
        let integer = field.integer
        self =
            switch field.identifier {
            case .payloadFormatIndicator: .payloadFormatIndicator(integer != 0)
            case .messageExpiryInterval: .messageExpiryInterval(UInt32(truncatingIfNeeded: integer))
            case .contentType: .contentType(text)
            case .responseTopic: .responseTopic(text)
            case .correlationData: .correlationData(bytes.array(field.data))
            case .subscriptionIdentifier: .subscriptionIdentifier(integer)
            case .sessionExpiryInterval: .sessionExpiryInterval(UInt32(truncatingIfNeeded: integer))
            case .assignedClientIdentifier: .assignedClientIdentifier(text)
            case .serverKeepAlive: .serverKeepAlive(UInt16(truncatingIfNeeded: integer))
            case .authenticationMethod: .authenticationMethod(text)
            case .authenticationData: .authenticationData(bytes.array(field.data))
            case .requestProblemInformation: .requestProblemInformation(integer != 0)
            case .willDelayInterval: .willDelayInterval(UInt32(truncatingIfNeeded: integer))
            case .requestResponseInformation: .requestResponseInformation(integer != 0)
            case .responseInformation: .responseInformation(text)
            case .serverReference: .serverReference(text)
            case .reasonString: .reasonString(text)
            case .receiveMaximum: .receiveMaximum(UInt16(truncatingIfNeeded: integer))
            case .topicAliasMaximum: .topicAliasMaximum(UInt16(truncatingIfNeeded: integer))
            case .topicAlias: .topicAlias(UInt16(truncatingIfNeeded: integer))
            case .maximumQoS: .maximumQoS(integer == 0 ? .atMostOnce : .atLeastOnce)
            case .retainAvailable: .retainAvailable(integer != 0)
            case .userProperty:
                .userProperty(UserProperty(name: text, value: TextRules.text(bytes, field.secondData)))
            case .maximumPacketSize: .maximumPacketSize(UInt32(truncatingIfNeeded: integer))
            case .wildcardSubscriptionAvailable: .wildcardSubscriptionAvailable(integer != 0)
            case .subscriptionIdentifierAvailable: .subscriptionIdentifierAvailable(integer != 0)
            case .sharedSubscriptionAvailable: .sharedSubscriptionAvailable(integer != 0)
            }
    }
}
