/// The receiver's half of QoS 2: the packet ids between PUBLISH and PUBREL, so that a repeated PUBLISH is not delivered twice [MQTT-4.3.3-10].
///
/// A value without I/O that outlives connections. `Receipt` is whatever the owner keeps for a publication until its PUBREL.
public struct ExactlyOnceReceiver<Receipt> {
    private var receipts: [PacketID: Receipt] = [:]

    /// A receiver that has seen nothing.
    public init() {}

    /// The number of publications that wait for PUBREL.
    public var count: Int { receipts.count }

    /// What was kept for a PUBLISH with this packet id; `nil`: it is a new message.
    public func receipt(for packetID: PacketID) -> Receipt? { receipts[packetID] }

    /// Remembers a new PUBLISH.
    public mutating func receive(_ packetID: PacketID, receipt: Receipt) { receipts[packetID] = receipt }

    /// PUBREL came: the packet id stands for a new message from now on [MQTT-4.3.3-12]. `false`: none was waiting under it.
    public mutating func release(_ packetID: PacketID) -> Bool { receipts.removeValue(forKey: packetID) != nil }
}

extension ExactlyOnceReceiver: Sendable where Receipt: Sendable {}
