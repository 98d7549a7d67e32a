/// PUBLISH: a message, in either direction (section 3.3).
///
/// This is the packet as one value, payload included. Where payloads are large or many, ``PublishLayout`` reads and
/// ``PublishHead`` writes what stands before the payload.
public struct Publish: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.publish

    /// All but the payload.
    public var head: PublishHead

    /// The application's bytes.
    public var payload: [UInt8]

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(head: PublishHead, payload: [UInt8]) {
        self.head = head
        self.payload = payload
    }

    /// A message with QoS 0.
    public init(
        topic: TopicName, payload: [UInt8], retain: Bool = false, properties: Properties = Properties()
    ) {
        self.init(
            head: PublishHead(flags: PublishFlags(retain: retain), topic: topic, properties: properties),
            payload: payload)
    }

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try header.checkComplete(body)
        // This checks the header.
        guard let layout = try PublishLayout.decode(header: header, prefix: body, in: context) else {
            throw PacketError(.malformedPacket, at: header.packetLength, "the packet ends within its head")
        }
        head = PublishHead(layout, in: body)
        payload = body.array(layout.payload)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try head.encode(payload: payload.span, in: context, into: &buffer)
    }
}
