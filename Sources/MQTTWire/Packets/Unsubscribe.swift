/// UNSUBSCRIBE: a client ends one or more subscriptions (section 3.10).
public struct Unsubscribe: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.unsubscribe

    /// The answer carries the same.
    public var packetID: PacketID

    /// At least one.
    public var filters: [TopicFilter]

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(packetID: PacketID, filters: [TopicFilter], properties: Properties = Properties()) {
        self.packetID = packetID
        self.filters = filters
        self.properties = properties
    }

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        var reader = ByteReader(body, origin: header.length)
        packetID = try reader.packetID(body)
        properties = try Properties(&reader, body, at: .unsubscribe, context.version)
        filters = []
        while !reader.isAtEnd {
            filters.append(try TopicFilter(&reader, body, context.version))
        }
        try checkNotEmpty(at: reader.offset)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try checkNotEmpty(at: nil)
        try buffer.appendPacket(.unsubscribe) { (buffer) throws(PacketError) in
            buffer.appendUInt16(packetID.rawValue)
            try properties.encode(at: .unsubscribe, context.version, into: &buffer)
            for filter in filters { try buffer.appendBinary(filter.bytes, "topic filter") }
        }
    }

    private func checkNotEmpty(at offset: Int?) throws(PacketError) {
        guard filters.isEmpty else { return }
        throw PacketError(.protocolError, at: offset, "UNSUBSCRIBE without a topic filter", "MQTT-3.10.3-2")
    }
}
