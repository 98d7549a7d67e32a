/// Why a body is no message, or not the one it should be.
public enum MessageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The body has more bytes than ``ProtocolLimits/messageLength``.
    case tooLong(byteCount: Int, limit: Int)
    /// The body is not UTF-8.
    case notUTF8
    /// The body is not one JSON object. The offset counts bytes from the body's start, white space included.
    case malformed(offset: Int, expected: String)
    /// Arrays and objects nest deeper than ``ProtocolLimits/messageDepth``.
    case nestedTooDeep(offset: Int, limit: Int)
    /// A member that the message cannot do without is not there.
    case missingMember(String)
    /// A member is there but is not what it should be.
    case wrongMember(String, problem: String)

    /// One line that names the value and what would be right.
    public var description: String {
        switch self {
        case .tooLong(let byteCount, let limit): "the message has \(byteCount) bytes, the most is \(limit)"
        case .notUTF8: "the message is not UTF-8"
        case .malformed(let offset, let expected):
            "the message is no JSON object: at byte \(offset) there should be \(expected)"
        case .nestedTooDeep(let offset, let limit):
            "the message nests deeper than \(limit) levels at byte \(offset)"
        case .missingMember(let name): "the message lacks \(quoted(name))"
        case .wrongMember(let name, let problem): "the message's \(quoted(name)) is wrong: \(problem)"
        }
    }
}
