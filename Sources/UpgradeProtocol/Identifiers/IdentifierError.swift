/// Why a text is no gateway id or no company id.
public struct IdentifierError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the text was to be.
    public enum Kind: Hashable, Sendable {
        /// A ``GatewayID``.
        case gateway
        /// A ``CompanyID``.
        case company
    }

    /// The rule that the text breaks.
    public enum Rule: Hashable, Sendable {
        /// An id has at least one byte.
        case empty
        /// An id has at most so many bytes of UTF-8.
        case tooLong(byteCount: Int, limit: Int)
        /// `/`, `+`, `#` and control characters stand in no id.
        case forbiddenCharacter(Unicode.Scalar)
        /// An id neither begins nor ends with white space.
        case whiteSpaceAtEnd
        /// MQTT keeps names that begin with `$` for itself.
        case startsWithDollar
    }

    /// What the text was to be.
    public let kind: Kind
    /// The text that was refused, as it came.
    public let text: String
    /// The first rule that it breaks.
    public let rule: Rule

    /// One line that names the text and the rule.
    public var description: String {
        let noun = kind == .gateway ? "gateway id" : "company id"
        let problem =
            switch rule {
            case .empty: "it is empty"
            case .tooLong(let byteCount, let limit): "it has \(byteCount) bytes, the most is \(limit)"
            case .forbiddenCharacter(let scalar): "\(quoted(String(Character(scalar)))) may not stand in it"
            case .whiteSpaceAtEnd: "it begins or ends with white space"
            case .startsWithDollar: "it may not begin with '$'"
            }
        return "\(quoted(text)) is no \(noun): \(problem)"
    }
}
