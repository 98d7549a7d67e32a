/// The first two to five bytes of a packet (section 2.1): type, flags, and how many bytes follow.
///
/// ```text
/// bit      7   6   5   4   3   2   1   0
/// byte 1   packet type     flags
/// byte 2…  remaining length, a variable byte integer
/// ```
public struct FixedHeader: Hashable, Sendable {
    /// Which packet this is.
    public let type: PacketType

    /// The lower half of the first byte; ``PublishFlags`` reads those of PUBLISH.
    public let flags: UInt8

    /// Bytes that follow the fixed header.
    public let remainingLength: Int

    /// Bytes of the fixed header itself, 2 to 5.
    public let length: Int

    /// Bytes of the whole packet.
    public var packetLength: Int { length + remainingLength }

    /// Reads the fixed header that starts at an offset of the bytes.
    ///
    /// - Parameters:
    ///   - bytes: what was received.
    ///   - offset: where the packet starts.
    ///   - context: the connection's; nil leaves ``validate(in:)`` to the decoder of the packet.
    /// - Returns: nil when more bytes are needed.
    /// - Throws: when no continuation of the bytes can make a packet.
    public static func decode(
        _ bytes: Span<UInt8>, at offset: Int = 0, in context: PacketContext? = nil
    ) throws(PacketError) -> FixedHeader? {
        guard offset < bytes.count else { return nil }
        let first = bytes[offset]
        guard let type = PacketType(rawValue: first >> 4) else {
            throw PacketError(.malformedPacket, at: 0, "packet type 0; packet types are 1 to 15")
        }
        guard
            let remaining = try VariableByteInteger(
                bytes, at: offset + 1, end: bytes.count, origin: -offset, "remaining length")
        else { return nil }
        let header = FixedHeader(
            type: type, flags: first & 0x0F, remainingLength: remaining.value, length: 1 + remaining.length)
        if let context { try header.validate(in: context) }
        return header
    }

    /// Checks what depends on the version and on the way the packet travels: the type, its flags and the length's form.
    ///
    /// CONNECT is let through: its version stands in its body, and its decoder makes these checks.
    public func validate(in context: PacketContext) throws(PacketError) {
        guard type.isLegal(in: context) else {
            throw PacketError(
                .protocolError, at: 0,
                "\(type) \(context.direction == .toServer ? "to a server" : "to a client") in MQTT \(context.version)")
        }
        if type != .connect { try validateBits(for: context.version) }
    }

    /// Checks the flags and the form of the remaining length.
    func validateBits(for version: ProtocolVersion) throws(PacketError) {
        if type == .publish {
            _ = try PublishFlags(header: self, version: version)
        } else if version.checksReservedBits, flags != type.requiredFlags {
            throw PacketError(
                .malformedPacket, at: 0, "flags \(flags) of \(type); they must be \(type.requiredFlags ?? 0)",
                "MQTT-2.1.3-1")
        }
        try validateLength(for: version)
    }

    /// Checks that the body is the one that was announced.
    func checkComplete(_ body: Span<UInt8>) throws(PacketError) {
        let count = body.count
        guard remainingLength == count else {
            throw PacketError(
                .malformedPacket, at: 1, "remaining length \(remainingLength) with \(count) bytes after it")
        }
    }

    /// Checks the form of the remaining length.
    func validateLength(for version: ProtocolVersion) throws(PacketError) {
        if version.requiresMinimalIntegers, length > 1 + VariableByteInteger.length(of: remainingLength) {
            throw PacketError(
                .malformedPacket, at: 1, "remaining length \(remainingLength) takes more bytes than it needs",
                "MQTT-1.5.5-1")
        }
    }
}
