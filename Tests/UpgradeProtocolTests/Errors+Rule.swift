import UpgradeProtocol

// The names by which the vectors call the rules.

extension FrameError {
    var rule: String {
        switch self {
        case .headerTooShort: "headerTooShort"
        case .lengthMismatch: "lengthMismatch"
        case .crcMismatch: "crcMismatch"
        case .payloadTooLong: "payloadTooLong"
        }
    }
}

extension IdentifierError {
    var ruleName: String {
        switch rule {
        case .empty: "empty"
        case .tooLong: "tooLong"
        case .forbiddenCharacter: "forbiddenCharacter"
        case .whiteSpaceAtEnd: "whiteSpaceAtEnd"
        case .startsWithDollar: "startsWithDollar"
        }
    }
}

extension TopicError {
    var ruleName: String {
        switch rule {
        case .unknownDirection: "unknownDirection"
        case .unknownVerb: "unknownVerb"
        case .missingGatewayID: "missingGatewayID"
        case .invalidGatewayID: "invalidGatewayID"
        }
    }
}

extension MessageError {
    var rule: String {
        switch self {
        case .tooLong: "tooLong"
        case .notUTF8: "notUTF8"
        case .malformed: "malformed"
        case .nestedTooDeep: "nestedTooDeep"
        case .missingMember: "missingMember"
        case .wrongMember: "wrongMember"
        }
    }

    var member: String? {
        switch self {
        case .missingMember(let name), .wrongMember(let name, problem: _): name
        default: nil
        }
    }
}
