/// PUBREC: the first answer to a PUBLISH with QoS 2 (section 3.5); after a failure code the exchange is over.
public struct Pubrec: Acknowledgement {
    /// The type that stands in the fixed header.
    public static let type = PacketType.pubrec

    /// This packet's column in the table of properties.
    public static let propertyPlace = PropertyPlace.pubrec

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
