// The underscores stand for the points of the version numbers.
// swift-format-ignore: AlwaysUseLowerCamelCase
/// The versions of MQTT that this codec speaks.
///
/// The raw value is the protocol level byte of CONNECT. Codec and broker ask for the named capabilities below and never
/// compare versions, so that every difference between the versions is listed here.
public enum ProtocolVersion: UInt8, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    /// MQTT 3.1, `MQIsdp`, by IBM and Eurotech (2010).
    case v3_1 = 3
    /// MQTT 3.1.1, OASIS (2014).
    case v3_1_1 = 4
    /// MQTT 5.0, OASIS (2019).
    case v5_0 = 5

    /// The protocol name that CONNECT must carry with this level.
    public var protocolName: String {
        self == .v3_1 ? "MQIsdp" : "MQTT"
    }

    /// Packets carry properties; AUTH, reason codes in acknowledgements and a DISCONNECT sent by the server exist.
    public var hasProperties: Bool { self == .v5_0 }

    /// AUTH exists (section 3.15 of 5.0).
    public var hasAuth: Bool { self == .v5_0 }

    /// PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK and DISCONNECT say why, and CONNACK and SUBACK use the codes of 5.0.
    public var hasReasonCodes: Bool { self == .v5_0 }

    /// The server may send DISCONNECT before it closes the connection.
    public var allowsServerDisconnect: Bool { self == .v5_0 }

    /// `$share/group/filter` is a shared subscription; before 5.0 it is a filter like any other.
    public var hasSharedSubscriptions: Bool { self == .v5_0 }

    /// SUBSCRIBE carries No Local, Retain As Published and Retain Handling beside the QoS.
    public var hasSubscriptionOptions: Bool { self == .v5_0 }

    /// A PUBLISH may have an empty topic name when it carries a topic alias.
    public var hasTopicAliases: Bool { self == .v5_0 }

    /// A password may come without a user name.
    public var allowsPasswordWithoutUserName: Bool { self == .v5_0 }

    /// A client id may be empty; the server then assigns one.
    public var allowsEmptyClientID: Bool { self != .v3_1 }

    /// A client with an empty id must ask for a clean session.
    public var requiresCleanStartWithEmptyClientID: Bool { self == .v3_1_1 }

    /// CONNACK says whether the server has kept a session.
    public var hasSessionPresentFlag: Bool { self != .v3_1 }

    /// Reserved bits must have the value that the specification gives; 3.1 leaves them unused and its clients set them.
    public var checksReservedBits: Bool { self != .v3_1 }

    /// The user name or password flag may be set though the field is missing at the end of CONNECT (3.1, section 3.1).
    public var allowsMissingCredentials: Bool { self == .v3_1 }

    /// A variable byte integer must use as few bytes as its value needs.
    public var requiresMinimalIntegers: Bool { self == .v5_0 }

    /// The number that the specification goes by, such as `3.1.1`.
    public var description: String {
        switch self {
        case .v3_1: "3.1"
        case .v3_1_1: "3.1.1"
        case .v5_0: "5.0"
        }
    }
}
