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
        // By bytes: a slash is never a part of another character. At most three levels, so that an id with a slash in it is refused as an id.
        let utf8 = name.utf8
        let endOfDirection = utf8.firstIndex(of: Self.slash) ?? utf8.endIndex
        let startOfVerb = endOfDirection == utf8.endIndex ? nil : utf8.index(after: endOfDirection)
        let endOfVerb = startOfVerb.map { utf8[$0...].firstIndex(of: Self.slash) ?? utf8.endIndex }
        let verb = startOfVerb.flatMap { start in endOfVerb.map { name[start..<$0] } }
        let id = endOfVerb.flatMap { $0 == utf8.endIndex ? nil : String(name[utf8.index(after: $0)...]) }
        switch name[..<endOfDirection] {
        case Direction.toGateway[...]:
            guard let verb = CloudVerb.allCases.first(where: { verb?.utf8.elementsEqual($0.rawValue.utf8) == true })
            else {
                throw TopicError(name: name, rule: .unknownVerb)
            }
            self = .toGateway(verb, try id.map { text throws(TopicError) in try Topic.gatewayID(text, in: name) })
        case Direction.toCloud[...]:
            guard let verb = GatewayVerb.allCases.first(where: { verb?.utf8.elementsEqual($0.rawValue.utf8) == true })
            else {
                throw TopicError(name: name, rule: .unknownVerb)
            }
            guard let id else { throw TopicError(name: name, rule: .missingGatewayID) }
            self = .toCloud(verb, try Topic.gatewayID(id, in: name))
        default:
            throw TopicError(name: name, rule: .unknownDirection)
        }
    }

    private static let slash = UInt8(ascii: "/")

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
