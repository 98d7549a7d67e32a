/// PUBCOMP: the end of an exchange with QoS 2 (section 3.7).
public struct Pubcomp: Acknowledgement {
    public static let type = PacketType.pubcomp
    public static let propertyPlace = PropertyPlace.pubcomp

    public var packetID: PacketID
    public var reasonCode: ReasonCode
    public var properties: Properties

    public init(packetID: PacketID, reasonCode: ReasonCode = .success, properties: Properties = Properties()) {
        self.packetID = packetID
        self.reasonCode = reasonCode
        self.properties = properties
    }
}
