/// The control packet types, by the number in the first byte's upper half (section 2.1.2).
public enum PacketType: UInt8, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    case connect = 1
    case connack
    case publish
    case puback
    case pubrec
    case pubrel
    case pubcomp
    case subscribe
    case suback
    case unsubscribe
    case unsuback
    case pingreq
    case pingresp
    case disconnect
    case auth

    /// Whether a packet of this type exists in the version and may travel that way (table 2-1).
    public func isLegal(in context: PacketContext) -> Bool {
        switch self {
        case .publish, .puback, .pubrec, .pubrel, .pubcomp: true
        case .connect, .subscribe, .unsubscribe, .pingreq: context.direction == .toServer
        case .connack, .suback, .unsuback, .pingresp: context.direction == .toClient
        case .disconnect: context.direction == .toServer || context.version.allowsServerDisconnect
        case .auth: context.version.hasAuth
        }
    }

    /// The lower half of the first byte, which only PUBLISH is free to choose: nil there (section 2.1.3).
    var requiredFlags: UInt8? {
        switch self {
        case .publish: nil
        // [MQTT-3.6.1-1, MQTT-3.8.1-1, MQTT-3.10.1-1]
        case .pubrel, .subscribe, .unsubscribe: 0b0010
        // [MQTT-3.14.1-1, MQTT-3.15.1-1]
        default: 0
        }
    }

    /// The type's name as the specification writes it.
    public var description: String {
        switch self {
        case .connect: "CONNECT"
        case .connack: "CONNACK"
        case .publish: "PUBLISH"
        case .puback: "PUBACK"
        case .pubrec: "PUBREC"
        case .pubrel: "PUBREL"
        case .pubcomp: "PUBCOMP"
        case .subscribe: "SUBSCRIBE"
        case .suback: "SUBACK"
        case .unsubscribe: "UNSUBSCRIBE"
        case .unsuback: "UNSUBACK"
        case .pingreq: "PINGREQ"
        case .pingresp: "PINGRESP"
        case .disconnect: "DISCONNECT"
        case .auth: "AUTH"
        }
    }
}
