/// UNSUBACK: the outcome of an UNSUBSCRIBE (section 3.11).
public struct Unsuback: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.unsuback

    /// That of the UNSUBSCRIBE.
    public var packetID: PacketID

    /// In 5.0 one for each filter of the UNSUBSCRIBE, in its order; before, nothing is written, and none is read.
    public var reasonCodes: [ReasonCode]

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(packetID: PacketID, reasonCodes: [ReasonCode] = [], properties: Properties = Properties()) {
        self.packetID = packetID
        self.reasonCodes = reasonCodes
        self.properties = properties
    }

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        var reader = ByteReader(body, origin: header.length)
        packetID = try reader.packetID(body)
        properties = try Properties(&reader, body, at: .unsuback, context.version)
        reasonCodes = []
        guard context.version.hasReasonCodes else {
            try reader.finish(.unsuback)
            return
        }
        while !reader.isAtEnd {
            reasonCodes.append(try ReasonCode(&reader, body, .unsuback, context.direction))
        }
        try checkNotEmpty(at: reader.offset)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        if context.version.hasReasonCodes { try checkNotEmpty(at: nil) }
        try buffer.appendPacket(.unsuback) { (buffer) throws(PacketError) in
            buffer.appendUInt16(packetID.rawValue)
            guard context.version.hasReasonCodes else { return }
            try properties.encode(at: .unsuback, context.version, into: &buffer)
            for code in reasonCodes {
                try code.checkLegal(in: .unsuback, context.direction)
                buffer.append(code.rawValue)
            }
        }
    }

    private func checkNotEmpty(at offset: Int?) throws(PacketError) {
        guard reasonCodes.isEmpty else { return }
        throw PacketError(.protocolError, at: offset, "UNSUBACK without a reason code", "MQTT-3.11.3-1")
    }
}
