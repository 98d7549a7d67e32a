/// PUBCOMP: the end of an exchange with QoS 2 (section 3.7).
public struct Pubcomp: Acknowledgement {
    /// The type that stands in the fixed header.
    public static let type = PacketType.pubcomp

    /// This packet's column in the table of properties.
    public static let propertyPlace = PropertyPlace.pubcomp

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
