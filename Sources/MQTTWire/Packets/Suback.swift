/// SUBACK: the outcome of each subscription of a SUBSCRIBE, in its order (section 3.9).
public struct Suback: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.suback

    /// That of the SUBSCRIBE.
    public var packetID: PacketID

    /// One for each subscription, at least one: a granted QoS or a failure, which before 5.0 is written as 0x80.
    public var reasonCodes: [ReasonCode]

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(packetID: PacketID, reasonCodes: [ReasonCode], properties: Properties = Properties()) {
        self.packetID = packetID
        self.reasonCodes = reasonCodes
        self.properties = properties
    }

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        var reader = ByteReader(body, origin: header.length)
        packetID = try reader.packetID(body)
        properties = try Properties(&reader, body, at: .suback, context.version)
        reasonCodes = []
        while !reader.isAtEnd {
            let offset = reader.offset
            let code = try ReasonCode(&reader, body, .suback, context.direction)
            guard context.version.hasReasonCodes || code.grantedQoS != nil || code == .unspecifiedError else {
                throw PacketError(
                    .protocolError, at: offset, "code \(code.rawValue) of SUBACK; before 5.0 it is 0, 1, 2 or 128",
                    "MQTT-3.9.3-2")
            }
            reasonCodes.append(code)
        }
        try checkNotEmpty(at: reader.offset)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try checkNotEmpty(at: nil)
        try buffer.appendPacket(.suback) { (buffer) throws(PacketError) in
            buffer.appendUInt16(packetID.rawValue)
            try properties.encode(at: .suback, context.version, into: &buffer)
            for code in reasonCodes {
                try code.checkLegal(in: .suback, context.direction)
                let isSayable = context.version.hasReasonCodes || !code.isError
                buffer.append((isSayable ? code : .unspecifiedError).rawValue)
            }
        }
    }

    private func checkNotEmpty(at offset: Int?) throws(PacketError) {
        guard reasonCodes.isEmpty else { return }
        throw PacketError(.protocolError, at: offset, "SUBACK without a reason code", "MQTT-3.9.3-1")
    }
}
