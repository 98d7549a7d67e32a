/// PUBREC: the first answer to a PUBLISH with QoS 2 (section 3.5); after a failure code the exchange is over.
public struct Pubrec: Acknowledgement {
    public static let type = PacketType.pubrec
    public static let propertyPlace = PropertyPlace.pubrec

    public var packetID: PacketID
    public var reasonCode: ReasonCode
    public var properties: Properties

    public init(packetID: PacketID, reasonCode: ReasonCode = .success, properties: Properties = Properties()) {
        self.packetID = packetID
        self.reasonCode = reasonCode
        self.properties = properties
    }
}
