/// DISCONNECT: the last packet of a connection (section 3.14); a server sends it in 5.0 alone.
public struct Disconnect: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.disconnect

    /// Why; before 5.0 always normal disconnection, since nothing else could be said.
    public var reasonCode: ReasonCode

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(reasonCode: ReasonCode = .normalDisconnection, properties: Properties = Properties()) {
        self.reasonCode = reasonCode
        self.properties = properties
    }

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        var reader = ByteReader(body, origin: header.length)
        let outcome = try Outcome(&reader, body, .disconnect, at: .disconnect(context.direction), in: context)
        try reader.finish(.disconnect)
        self.init(reasonCode: outcome.reasonCode, properties: outcome.properties)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try buffer.appendPacket(.disconnect) { (buffer) throws(PacketError) in
            try Outcome(reasonCode: reasonCode, properties: properties)
                .encode(.disconnect, at: .disconnect(context.direction), in: context, into: &buffer)
        }
    }
}
