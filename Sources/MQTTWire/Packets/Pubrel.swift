/// PUBREL: the sender of a PUBLISH with QoS 2 has seen PUBREC and lets the packet id go (section 3.6).
public struct Pubrel: Acknowledgement {
    public static let type = PacketType.pubrel
    public static let propertyPlace = PropertyPlace.pubrel

    public var packetID: PacketID
    public var reasonCode: ReasonCode
    public var properties: Properties

    public init(packetID: PacketID, reasonCode: ReasonCode = .success, properties: Properties = Properties()) {
        self.packetID = packetID
        self.reasonCode = reasonCode
        self.properties = properties
    }
}
