/// What every string on the wire must keep to (section 1.5.4).
enum TextRules {
    /// Checks text that is to be sent.
    static func check(_ text: String, _ field: StaticString) throws(PacketError) {
        let bytes = text.utf8.span
        guard bytes.count <= MQTTLimits.maximumFieldLength else {
            throw PacketError(
                .packetTooLarge, "\(field) of \(text.utf8.count) bytes; at most \(MQTTLimits.maximumFieldLength)")
        }
        guard !ByteScan.hasNUL(bytes) else {
            throw PacketError(.malformedPacket, "\(field) contains U+0000", "MQTT-1.5.4-2")
        }
    }

    /// Checks the bytes of received text: valid UTF-8 (which excludes surrogates and overlong forms), no U+0000.
    static func check(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ field: StaticString, origin: Int = 0
    ) throws(PacketError) {
        if ByteScan.needsCloserLook(bytes, range) { try checkClosely(bytes, range, field, origin: origin) }
    }

    private static func checkClosely(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ field: StaticString, origin: Int
    ) throws(PacketError) {
        // [MQTT-4.7.3-2]
        for index in range where bytes[index] == 0 {
            throw PacketError(.malformedPacket, at: origin + index, "\(field) contains U+0000", "MQTT-1.5.4-2")
        }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.extracting(range))
        } catch {
            throw PacketError(
                .malformedPacket, at: origin + range.lowerBound + error.byteOffsets.lowerBound,
                "\(field) is not UTF-8", "MQTT-1.5.4-1")
        }
    }

    /// Whether bytes are those of a text.
    static func isEqual(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: String) -> Bool {
        let expected = text.utf8.span
        guard range.count == expected.count else { return false }
        for index in expected.indices where bytes[range.lowerBound + index] != expected[index] { return false }
        return true
    }

    /// The text of bytes that were checked, a byte order mark included [MQTT-1.5.4-3].
    static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        String(copying: UTF8Span(unchecked: bytes.extracting(range)))
    }
}
