/// Where properties stand: a packet, the will within CONNECT, and for PUBLISH and DISCONNECT also who sends it.
public enum PropertyPlace: UInt16, CaseIterable, Hashable, Sendable {
    case connect
    case will
    case connack
    case publishToServer
    case publishToClient
    case puback
    case pubrec
    case pubrel
    case pubcomp
    case subscribe
    case suback
    case unsubscribe
    case unsuback
    case disconnectToServer
    case disconnectToClient
    case auth

    static func publish(_ direction: PacketDirection) -> PropertyPlace {
        direction == .toServer ? .publishToServer : .publishToClient
    }

    static func disconnect(_ direction: PacketDirection) -> PropertyPlace {
        direction == .toServer ? .disconnectToServer : .disconnectToClient
    }

    /// The same packet sent the other way, where that makes a difference.
    var otherDirection: PropertyPlace? {
        switch self {
        case .publishToServer: .publishToClient
        case .publishToClient: .publishToServer
        case .disconnectToServer: .disconnectToClient
        case .disconnectToClient: .disconnectToServer
        default: nil
        }
    }
}

/// A set of places.
struct PropertyPlaces: OptionSet {
    let rawValue: UInt16

    init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    init(_ place: PropertyPlace) {
        self.rawValue = 1 << place.rawValue
    }

    static let none: PropertyPlaces = []
    static let everywhere = PropertyPlaces(rawValue: .max)
    static let connect = PropertyPlaces(.connect)
    static let will = PropertyPlaces(.will)
    static let connack = PropertyPlaces(.connack)
    static let publish = PropertyPlaces(.publishToServer).union(publishToClient)
    static let publishToClient = PropertyPlaces(.publishToClient)
    static let subscribe = PropertyPlaces(.subscribe)
    static let disconnect = disconnectToServer.union(PropertyPlaces(.disconnectToClient))
    static let disconnectToServer = PropertyPlaces(.disconnectToServer)
    static let auth = PropertyPlaces(.auth)
    static let answers: PropertyPlaces = [
        connack, PropertyPlaces(.puback), PropertyPlaces(.pubrec), PropertyPlaces(.pubrel), PropertyPlaces(.pubcomp),
        PropertyPlaces(.suback), PropertyPlaces(.unsuback), disconnect, auth,
    ]

    func contains(_ place: PropertyPlace) -> Bool {
        contains(PropertyPlaces(place))
    }
}
