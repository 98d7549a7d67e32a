/// CONNACK: the server's answer to CONNECT (section 3.2).
public struct Connack: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.connack

    /// The server goes on with a session that it has kept; always false in 3.1 and beside a failure.
    public var sessionPresent: Bool

    /// The outcome; 3.1 and 3.1.1 can say those with a ``ReasonCode/connectReturnCode``.
    public var reasonCode: ReasonCode

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(sessionPresent: Bool = false, reasonCode: ReasonCode, properties: Properties = Properties()) {
        self.sessionPresent = sessionPresent
        self.reasonCode = reasonCode
        self.properties = properties
    }

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        let version = context.version
        var reader = ByteReader(body, origin: header.length)
        let flagsOffset = reader.offset
        let flags = try reader.byte(body, "connect acknowledge flags")
        guard flags & 0xFE == 0 || !version.checksReservedBits else {
            throw PacketError(
                .malformedPacket, at: flagsOffset, "reserved connect acknowledge flags are set; they must be 0",
                "MQTT-3.2.2-1")
        }
        sessionPresent = version.hasSessionPresentFlag && flags & 1 != 0
        let codeOffset = reader.offset
        let code = try reader.byte(body, "reason code")
        guard let reasonCode = Self.reasonCode(code, in: context) else {
            throw PacketError(
                .protocolError, at: codeOffset, "code \(code) is none of CONNACK in MQTT \(version)", "MQTT-3.2.2-8")
        }
        self.reasonCode = reasonCode
        properties = try Properties(&reader, body, at: .connack, version)
        try reader.finish(.connack)
        try checkSessionPresent(at: flagsOffset)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try checkSessionPresent(at: nil)
        guard let code = Self.code(reasonCode, in: context) else {
            throw PacketError(.protocolError, "\(reasonCode) is no code of CONNACK in MQTT \(context.version)")
        }
        try buffer.appendPacket(.connack) { (buffer) throws(PacketError) in
            buffer.append(sessionPresent && context.version.hasSessionPresentFlag ? 1 : 0)
            buffer.append(code)
            try properties.encode(at: .connack, context.version, into: &buffer)
        }
    }

    private func checkSessionPresent(at offset: Int?) throws(PacketError) {
        guard sessionPresent, reasonCode != .success else { return }
        throw PacketError(.protocolError, at: offset, "session present beside \(reasonCode)", "MQTT-3.2.2-6")
    }

    private static func reasonCode(_ code: UInt8, in context: PacketContext) -> ReasonCode? {
        guard context.version.hasReasonCodes else { return ReasonCode(connectReturnCode: code) }
        return ReasonCode(rawValue: code).flatMap { $0.isLegal(in: type, context.direction) ? $0 : nil }
    }

    private static func code(_ reasonCode: ReasonCode, in context: PacketContext) -> UInt8? {
        guard context.version.hasReasonCodes else { return reasonCode.connectReturnCode }
        return reasonCode.isLegal(in: type, context.direction) ? reasonCode.rawValue : nil
    }
}
