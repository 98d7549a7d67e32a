/// PUBACK: the answer to a PUBLISH with QoS 1, in either direction (section 3.4).
public struct Puback: Acknowledgement {
    public static let type = PacketType.puback
    public static let propertyPlace = PropertyPlace.puback

    public var packetID: PacketID
    public var reasonCode: ReasonCode
    public var properties: Properties

    public init(packetID: PacketID, reasonCode: ReasonCode = .success, properties: Properties = Properties()) {
        self.packetID = packetID
        self.reasonCode = reasonCode
        self.properties = properties
    }
}
