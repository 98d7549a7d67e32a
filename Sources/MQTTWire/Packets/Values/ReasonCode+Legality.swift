extension ReasonCode {
    /// Whether a packet of the type may carry this code in 5.0, by the type's own table (sections 3.2.2.2 to 3.15.2.1).
    public func isLegal(in type: PacketType, _ direction: PacketDirection) -> Bool {
        switch type {
        case .connack: self == .success || Self.connackErrors.contains(self)
        case .puback, .pubrec: self == .success || Self.receiptCodes.contains(self)
        case .pubrel, .pubcomp: self == .success || self == .packetIdentifierNotFound
        case .suback: grantedQoS != nil || Self.subackErrors.contains(self)
        case .unsuback: self == .success || Self.unsubackCodes.contains(self)
        case .disconnect:
            direction == .toServer
                ? Self.clientDisconnectCodes.contains(self) : Self.serverDisconnectCodes.contains(self)
        case .auth:
            switch self {
            case .success: direction == .toClient
            case .continueAuthentication: true
            case .reauthenticate: direction == .toServer
            default: false
            }
        default: false
        }
    }

    private static let connackErrors: Set<ReasonCode> = [
        .unspecifiedError, .malformedPacket, .protocolError, .implementationSpecificError, .unsupportedProtocolVersion,
        .clientIdentifierNotValid, .badUserNameOrPassword, .notAuthorized, .serverUnavailable, .serverBusy, .banned,
        .badAuthenticationMethod, .topicNameInvalid, .packetTooLarge, .quotaExceeded, .payloadFormatInvalid,
        .retainNotSupported, .qosNotSupported, .useAnotherServer, .serverMoved, .connectionRateExceeded,
    ]

    private static let receiptCodes: Set<ReasonCode> = [
        .noMatchingSubscribers, .unspecifiedError, .implementationSpecificError, .notAuthorized,
        .topicNameInvalid, .packetIdentifierInUse, .quotaExceeded, .payloadFormatInvalid,
    ]

    private static let subackErrors: Set<ReasonCode> = [
        .unspecifiedError, .implementationSpecificError, .notAuthorized, .topicFilterInvalid, .packetIdentifierInUse,
        .quotaExceeded, .sharedSubscriptionsNotSupported, .subscriptionIdentifiersNotSupported,
        .wildcardSubscriptionsNotSupported,
    ]

    private static let unsubackCodes: Set<ReasonCode> = [
        .noSubscriptionExisted, .unspecifiedError, .implementationSpecificError, .notAuthorized,
        .topicFilterInvalid, .packetIdentifierInUse,
    ]

    private static let disconnectCodesOfBoth: Set<ReasonCode> = [
        .normalDisconnection, .unspecifiedError, .malformedPacket, .protocolError, .implementationSpecificError,
        .topicNameInvalid, .receiveMaximumExceeded, .topicAliasInvalid, .packetTooLarge, .messageRateTooHigh,
        .quotaExceeded, .administrativeAction, .payloadFormatInvalid,
    ]

    private static let clientDisconnectCodes = disconnectCodesOfBoth.union([.disconnectWithWill])

    private static let serverDisconnectCodes = disconnectCodesOfBoth.union([
        .notAuthorized, .serverBusy, .serverShuttingDown, .keepAliveTimeout, .sessionTakenOver, .topicFilterInvalid,
        .retainNotSupported, .qosNotSupported, .useAnotherServer, .serverMoved, .sharedSubscriptionsNotSupported,
        .connectionRateExceeded, .maximumConnectTime, .subscriptionIdentifiersNotSupported,
        .wildcardSubscriptionsNotSupported,
    ])
}

extension ReasonCode {
    /// The return code of a 3.1 or 3.1.1 CONNACK (3.1.1, section 3.2.2.3) that says this; nil where those versions
    /// have no word for it and the server closes the connection without a CONNACK.
    public var connectReturnCode: UInt8? {
        switch self {
        case .success: 0
        case .unsupportedProtocolVersion: 1
        case .clientIdentifierNotValid: 2
        case .serverUnavailable, .serverBusy, .serverShuttingDown, .quotaExceeded, .connectionRateExceeded,
            .useAnotherServer, .serverMoved:
            3
        case .badUserNameOrPassword: 4
        case .notAuthorized, .banned, .badAuthenticationMethod: 5
        default: nil
        }
    }

    /// What a 3.1 or 3.1.1 CONNACK's return code means; nil for the reserved ones.
    public init?(connectReturnCode: UInt8) {
        switch connectReturnCode {
        case 0: self = .success
        case 1: self = .unsupportedProtocolVersion
        case 2: self = .clientIdentifierNotValid
        case 3: self = .serverUnavailable
        case 4: self = .badUserNameOrPassword
        case 5: self = .notAuthorized
        default: return nil
        }
    }
}
