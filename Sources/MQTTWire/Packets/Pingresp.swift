/// PINGRESP: the server's answer to PINGREQ (section 3.13).
public struct Pingresp: ControlPacket {
    public static let type = PacketType.pingresp

    /// Creates the packet, which says nothing but its type.
    public init() {}

    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        try ByteReader(body, origin: header.length).finish(Self.type)
    }

    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try buffer.appendPacket(Self.type) { _ in }
    }
}
