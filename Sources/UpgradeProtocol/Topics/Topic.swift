/// A topic of the protocol, both ways.
///
/// ```text
/// TOGATEWAY/<verb>        to all gateways
/// TOGATEWAY/<verb>/<id>   to one gateway
/// TOCLOUD/<verb>/<id>     from one gateway
/// ```
public enum Topic: Hashable, Sendable, CustomStringConvertible {
    /// From the cloud, to one gateway or, without an id, to all.
    case toGateway(CloudVerb, GatewayID?)
    /// From a gateway to the cloud.
    case toCloud(GatewayVerb, GatewayID)

    /// Reads a topic name.
    ///
    /// - Parameter name: the name of a topic, not a filter.
    /// - Throws: ``TopicError`` when `name` is no topic of this protocol.
    public init(parsing name: String) throws(TopicError) {
        // At most two splits, so that an id with a slash in it is refused as an id.
        let levels = name.unicodeScalars.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            .map { String($0) }
        switch levels[0] {
        case Direction.toGateway:
            guard levels.count > 1, let verb = CloudVerb(rawValue: levels[1]) else {
                throw TopicError(name: name, rule: .unknownVerb)
            }
            self = .toGateway(verb, levels.count > 2 ? try Topic.gatewayID(levels[2], in: name) : nil)
        case Direction.toCloud:
            guard levels.count > 1, let verb = GatewayVerb(rawValue: levels[1]) else {
                throw TopicError(name: name, rule: .unknownVerb)
            }
            guard levels.count > 2 else { throw TopicError(name: name, rule: .missingGatewayID) }
            self = .toCloud(verb, try Topic.gatewayID(levels[2], in: name))
        default:
            throw TopicError(name: name, rule: .unknownDirection)
        }
    }

    /// The topic's name, as MQTT carries it.
    public var name: String {
        switch self {
        case .toGateway(let verb, let gateway?): "\(Direction.toGateway)/\(verb.rawValue)/\(gateway.rawValue)"
        case .toGateway(let verb, nil): "\(Direction.toGateway)/\(verb.rawValue)"
        case .toCloud(let verb, let gateway): "\(Direction.toCloud)/\(verb.rawValue)/\(gateway.rawValue)"
        }
    }

    /// The topic's name.
    public var description: String { name }

    /// The topics that a gateway subscribes to: every verb of the cloud, to all gateways and to this one.
    ///
    /// - Parameter gateway: the gateway that subscribes.
    /// - Returns: eight topics.
    public static func subscriptions(of gateway: GatewayID) -> [Topic] {
        CloudVerb.allCases.flatMap { [.toGateway($0, nil), .toGateway($0, gateway)] }
    }

    /// The topic filters that match everything a gateway may say to the cloud.
    public static var cloudFilters: [String] {
        GatewayVerb.allCases.map { "\(Direction.toCloud)/\($0.rawValue)/+" }
    }

    private static func gatewayID(_ text: String, in name: String) throws(TopicError) -> GatewayID {
        do {
            return try GatewayID(text)
        } catch {
            throw TopicError(name: name, rule: .invalidGatewayID(error))
        }
    }

    private enum Direction {
        static let toGateway = "TOGATEWAY"
        static let toCloud = "TOCLOUD"
    }
}
