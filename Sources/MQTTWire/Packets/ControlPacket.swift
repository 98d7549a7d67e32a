/// What all packets have in common: they are read from a complete body and appended to a buffer.
public protocol ControlPacket: Hashable, Sendable {
    /// The type that stands in the fixed header.
    static var type: PacketType { get }

    /// Reads a packet.
    ///
    /// - Parameters:
    ///   - header: the packet's own fixed header; it must be of this type.
    ///   - body: all the bytes that follow it, no more: their count is the header's remaining length.
    ///   - context: the connection's; CONNECT takes the version from its own body.
    /// - Throws: the violated rule, with the reason code that answers it and the offset in the packet.
    init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError)

    /// Appends the whole packet, fixed header included.
    ///
    /// What the version cannot say (properties, and reason codes of acknowledgements, before 5.0) is left out.
    ///
    /// - Throws: when the packet would be illegal; the buffer is then as it was before.
    func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError)
}

extension ControlPacket {
    /// The whole packet's bytes.
    public func encoded(in context: PacketContext) throws(PacketError) -> [UInt8] {
        var buffer: [UInt8] = []
        try encode(in: context, into: &buffer)
        return buffer
    }

    /// What every decoder asks first: the right type with the right flags, and the body that the header announced.
    static func checkHeader(
        _ header: FixedHeader, _ body: Span<UInt8>, in context: PacketContext
    ) throws(PacketError) {
        guard header.type == type else {
            throw PacketError(.protocolError, at: 0, "\(header.type) where \(type) is due")
        }
        try header.checkComplete(body)
        try header.validate(in: context)
    }

    /// What every encoder asks first.
    static func checkLegal(in context: PacketContext) throws(PacketError) {
        guard type.isLegal(in: context) else {
            throw PacketError(
                .protocolError,
                "\(type) \(context.direction == .toServer ? "to a server" : "to a client") in MQTT \(context.version)")
        }
    }
}
