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
        try self.init(parsing: Array(name.utf8))
    }

    /// Reads a topic name, given as bytes of UTF-8: nothing but the id becomes text.
    ///
    /// - Parameter name: the name of a topic, not a filter.
    /// - Throws: ``TopicError`` when `name` is no topic of this protocol.
    public init(parsing name: [UInt8]) throws(TopicError) {
        func refusal(_ rule: TopicError.Rule) -> TopicError {
            TopicError(name: String(decoding: name, as: UTF8.self), rule: rule)
        }
        func gatewayID(_ level: ArraySlice<UInt8>) throws(TopicError) -> GatewayID {
            do {
                return try GatewayID(String(decoding: level, as: UTF8.self))
            } catch {
                throw refusal(.invalidGatewayID(error))
            }
        }
        // A slash is never a part of another character. At most two splits, so that an id with a slash in it is refused as an id.
        let levels = name.split(separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        if levels[0].elementsEqual(Direction.toGateway.utf8) {
            guard levels.count > 1,
                let verb = CloudVerb.allCases.first(where: { levels[1].elementsEqual($0.rawValue.utf8) })
            else { throw refusal(.unknownVerb) }
            self = .toGateway(verb, levels.count > 2 ? try gatewayID(levels[2]) : nil)
        } else if levels[0].elementsEqual(Direction.toCloud.utf8) {
            guard levels.count > 1,
                let verb = GatewayVerb.allCases.first(where: { levels[1].elementsEqual($0.rawValue.utf8) })
            else { throw refusal(.unknownVerb) }
            guard levels.count > 2 else { throw refusal(.missingGatewayID) }
            self = .toCloud(verb, try gatewayID(levels[2]))
        } else {
            throw refusal(.unknownDirection)
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

    private enum Direction {
        static let toGateway = "TOGATEWAY"
        static let toCloud = "TOCLOUD"
    }
}
