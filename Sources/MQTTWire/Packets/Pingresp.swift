/// PINGRESP: the server's answer to PINGREQ (section 3.13).
public struct Pingresp: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.pingresp

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
