import MQTTWire

/// A small publication as the packet that many subscribers of one loop get alike: at QoS 0, in one version of MQTT, with nothing in it that is one
/// subscriber's own. It is encoded once, and sent from the same memory to all of them whose output is empty.
///
/// Otherwise each gets a copy of its own, whose memory is taken from the system and given back for every publication to thousands: for 1 KiB to 5,000
/// subscribers that was a tenth of the server's time (see `Documentation/performance.md`).
struct SharedPacket {
    /// For fewer subscribers, an object for the packet costs more than their copies.
    static let leastSubscribers = 8

    private let message: Message
    private let flags: PublishFlags
    private let context: PacketContext
    let bytes: SharedSlice

    init(_ message: Message, _ flags: PublishFlags, in context: PacketContext) throws(PacketError) {
        self.message = message
        self.flags = flags
        self.context = context
        var packet: [UInt8] = []
        let topic = message.topic.bytes
        try PublishHead.encode(
            flags, topic: topic.span, packetID: nil, properties: message.properties(for: context.version),
            payloadLength: message.payloadCount, in: context, into: &packet)
        packet.append(contentsOf: message.prefix)
        message.body.withUnsafeBytes { packet.append(contentsOf: $0) }
        bytes = SharedSlice(SharedBytes(packet))
    }

    func isFor(_ message: Message, _ flags: PublishFlags, in context: PacketContext) -> Bool {
        self.message === message && self.flags == flags && self.context == context
    }
}

extension Shard {
    /// The packet for all that get the message like this; `nil` where it is made for each.
    func sharedPacket(of delivery: Delivery, _ flags: PublishFlags, in context: PacketContext) -> SharedSlice? {
        let message = delivery.message
        guard sharesPackets, delivery.identifiers.isEmpty, message.expiry == nil else { return nil }
        if let sharedPacket, sharedPacket.isFor(message, flags, in: context) { return sharedPacket.bytes }
        sharedPacket = try? SharedPacket(message, flags, in: context)
        return sharedPacket?.bytes
    }
}
