/// AUTH: a step of an extended authentication, in either direction; 5.0 alone (section 3.15).
public struct Auth: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.auth

    /// The step that this is, or success.
    public var reasonCode: ReasonCode

    /// The authentication method among them, except in a bare success.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(reasonCode: ReasonCode, properties: Properties = Properties()) {
        self.reasonCode = reasonCode
        self.properties = properties
    }

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        var reader = ByteReader(body, origin: header.length)
        let outcome = try Outcome(&reader, body, .auth, at: .auth, in: context)
        try reader.finish(.auth)
        self.init(reasonCode: outcome.reasonCode, properties: outcome.properties)
        try check(at: header.length, in: context)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try check(at: nil, in: context)
        try buffer.appendPacket(.auth) { (buffer) throws(PacketError) in
            try Outcome(reasonCode: reasonCode, properties: properties)
                .encode(.auth, at: .auth, in: context, into: &buffer)
        }
    }

    private func check(at offset: Int?, in context: PacketContext) throws(PacketError) {
        guard reasonCode.isLegal(in: .auth, context.direction) else {
            throw PacketError(.protocolError, at: offset, "\(reasonCode) is not for this side to send", "MQTT-3.15.2-1")
        }
        // Section 3.15.2.2.2 wants a method, section 3.15.2.1 allows a success without anything.
        guard reasonCode == .success && properties.isEmpty || properties.field(.authenticationMethod) != nil else {
            throw PacketError(.protocolError, at: offset, "AUTH without an authentication method")
        }
    }
}
