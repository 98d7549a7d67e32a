/// The reason codes of 5.0 (section 2.4), which name the outcome in every version.
///
/// The codes of 3.1 and 3.1.1 are read into these and written from them: see ``connectReturnCode``.
public enum ReasonCode: UInt8, CaseIterable, Hashable, Sendable {
    case success = 0x00
    case grantedQoS1 = 0x01
    case grantedQoS2 = 0x02
    case disconnectWithWill = 0x04
    case noMatchingSubscribers = 0x10
    case noSubscriptionExisted = 0x11
    case continueAuthentication = 0x18
    case reauthenticate = 0x19
    case unspecifiedError = 0x80
    case malformedPacket = 0x81
    case protocolError = 0x82
    case implementationSpecificError = 0x83
    case unsupportedProtocolVersion = 0x84
    case clientIdentifierNotValid = 0x85
    case badUserNameOrPassword = 0x86
    case notAuthorized = 0x87
    case serverUnavailable = 0x88
    case serverBusy = 0x89
    case banned = 0x8A
    case serverShuttingDown = 0x8B
    case badAuthenticationMethod = 0x8C
    case keepAliveTimeout = 0x8D
    case sessionTakenOver = 0x8E
    case topicFilterInvalid = 0x8F
    case topicNameInvalid = 0x90
    case packetIdentifierInUse = 0x91
    case packetIdentifierNotFound = 0x92
    case receiveMaximumExceeded = 0x93
    case topicAliasInvalid = 0x94
    case packetTooLarge = 0x95
    case messageRateTooHigh = 0x96
    case quotaExceeded = 0x97
    case administrativeAction = 0x98
    case payloadFormatInvalid = 0x99
    case retainNotSupported = 0x9A
    case qosNotSupported = 0x9B
    case useAnotherServer = 0x9C
    case serverMoved = 0x9D
    case sharedSubscriptionsNotSupported = 0x9E
    case connectionRateExceeded = 0x9F
    case maximumConnectTime = 0xA0
    case subscriptionIdentifiersNotSupported = 0xA1
    case wildcardSubscriptionsNotSupported = 0xA2

    /// What 0x00 is called in DISCONNECT.
    public static let normalDisconnection = ReasonCode.success

    /// What 0x00 is called in SUBACK.
    public static let grantedQoS0 = ReasonCode.success

    /// The code of a SUBACK that grants this QoS.
    public init(granted qos: QoS) {
        self =
            switch qos {
            case .atMostOnce: .success
            case .atLeastOnce: .grantedQoS1
            case .exactlyOnce: .grantedQoS2
            }
    }

    /// The QoS that this code grants in a SUBACK; nil for a refusal.
    public var grantedQoS: QoS? {
        QoS(rawValue: rawValue)
    }

    /// Whether the operation failed: 0x80 and above.
    public var isError: Bool { rawValue >= 0x80 }
}
