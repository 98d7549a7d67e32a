/// A topic name that is none of this protocol's.
public struct TopicError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule that the name breaks.
    public enum Rule: Hashable, Sendable {
        /// The first level is `TOGATEWAY` or `TOCLOUD`.
        case unknownDirection
        /// The second level is a ``CloudVerb`` or a ``GatewayVerb``, as the first one says.
        case unknownVerb
        /// A topic to the cloud ends with the gateway's id.
        case missingGatewayID
        /// The rest of the name is a ``GatewayID``.
        case invalidGatewayID(IdentifierError)
    }

    /// The name that was refused, as it came.
    public let name: String
    /// The rule that it breaks.
    public let rule: Rule

    /// One line that names the topic and the rule.
    public var description: String {
        let problem =
            switch rule {
            case .unknownDirection: "it begins with neither TOGATEWAY/ nor TOCLOUD/"
            case .unknownVerb: "its second level is no message of this protocol"
            case .missingGatewayID: "it lacks the gateway's id"
            case .invalidGatewayID(let error): "\(error)"
            }
        return "\(quoted(name)) is no topic of this protocol: \(problem)"
    }
}
