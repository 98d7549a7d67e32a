/// PUBACK: the answer to a PUBLISH with QoS 1, in either direction (section 3.4).
public struct Puback: Acknowledgement {
    /// The type that stands in the fixed header.
    public static let type = PacketType.puback

    /// This packet's column in the table of properties.
    public static let propertyPlace = PropertyPlace.puback

    /// That of the PUBLISH that this is about.
    public var packetID: PacketID

    /// The outcome; before 5.0 left out, and success.
    public var reasonCode: ReasonCode

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(packetID: PacketID, reasonCode: ReasonCode = .success, properties: Properties = Properties()) {
        self.packetID = packetID
        self.reasonCode = reasonCode
        self.properties = properties
    }
}
