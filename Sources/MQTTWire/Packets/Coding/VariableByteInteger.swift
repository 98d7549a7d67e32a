/// An integer of one to four bytes, seven bits in each, the lowest first (section 1.5.5).
struct VariableByteInteger {
    let value: Int
    let length: Int

    /// How many bytes a value needs; the value is at most ``MQTTLimits/maximumVariableByteInteger``.
    static func length(of value: Int) -> Int {
        switch value {
        case ..<0x80: 1
        case ..<0x4000: 2
        case ..<0x20_0000: 3
        default: 4
        }
    }

    /// Whether the value was written in as few bytes as it needs.
    var isMinimal: Bool { length == Self.length(of: value) }

    /// Reads the integer at an offset; nil when the bytes end within it, an error when it goes on after four bytes.
    @inline(__always)
    init?(_ bytes: Span<UInt8>, at start: Int, end: Int, origin: Int, _ field: StaticString) throws(PacketError) {
        // Most are lengths of one byte.
        if start < end, bytes[start] < 0x80 {
            self.init(value: Int(bytes[start]), length: 1)
        } else {
            try self.init(long: bytes, at: start, end: end, origin: origin, field)
        }
    }

    private init(value: Int, length: Int) {
        self.value = value
        self.length = length
    }

    @inline(never)
    private init?(
        long bytes: Span<UInt8>, at start: Int, end: Int, origin: Int, _ field: StaticString
    ) throws(PacketError) {
        var value = 0
        for index in 0..<MQTTLimits.maximumVariableByteIntegerLength {
            guard start + index < end else { return nil }
            let byte = bytes[start + index]
            value |= Int(byte & 0x7F) << (7 * index)
            if byte & 0x80 == 0 {
                self.value = value
                self.length = index + 1
                return
            }
        }
        throw PacketError(
            .malformedPacket, at: origin + start, "\(field) is longer than four bytes; at most 268435455 can be written"
        )
    }
}
