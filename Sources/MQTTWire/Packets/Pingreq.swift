/// PINGREQ: a client shows that it is alive and asks the same of the server (section 3.12).
public struct Pingreq: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.pingreq

    /// Creates the packet, which says nothing but its type.
    public init() {}

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        try ByteReader(body, origin: header.length).finish(Self.type)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try buffer.appendPacket(Self.type) { _ in }
    }
}
