extension [UInt8] {
    mutating func appendUInt16(_ value: UInt16) {
        append(addingCapacity: 2) { $0.appendUInt16(value) }
    }

    mutating func appendUInt32(_ value: UInt32) {
        appendUInt16(UInt16(truncatingIfNeeded: value >> 16))
        appendUInt16(UInt16(truncatingIfNeeded: value))
    }

    /// Appends a value that is at most ``MQTTLimits/maximumVariableByteInteger``.
    mutating func appendVariableByteInteger(_ value: Int) {
        append(addingCapacity: MQTTLimits.maximumVariableByteIntegerLength) { $0.appendVariableByteInteger(value) }
    }

    mutating func appendBinary(_ data: [UInt8], _ field: StaticString) throws(PacketError) {
        guard data.count <= MQTTLimits.maximumFieldLength else {
            throw PacketError(
                .packetTooLarge, "\(field) of \(data.count) bytes; at most \(MQTTLimits.maximumFieldLength)")
        }
        appendUInt16(UInt16(data.count))
        append(contentsOf: data)
    }

    mutating func appendText(_ text: String, _ field: StaticString) throws(PacketError) {
        try TextRules.check(text, field)
        appendUInt16(UInt16(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    /// Appends a whole packet whose body the closure writes. The remaining length is put in afterwards, so that no
    /// second calculation of sizes can disagree with what was written. On an error the buffer is as it was.
    mutating func appendPacket(
        _ type: PacketType, flags: UInt8? = nil, _ body: (inout [UInt8]) throws(PacketError) -> Void
    ) throws(PacketError) {
        let start = count
        do throws(PacketError) {
            append(type.rawValue << 4 | (flags ?? type.requiredFlags ?? 0))
            append(0)
            try body(&self)
            let remainingLength = count - start - 2
            guard remainingLength <= MQTTLimits.maximumVariableByteInteger else {
                throw PacketError(
                    .packetTooLarge, "\(type) with a remaining length of \(remainingLength); at most 268435455")
            }
            if remainingLength < 0x80 {
                self[start + 1] = UInt8(remainingLength)
            } else {
                var length: [UInt8] = []
                length.appendVariableByteInteger(remainingLength)
                replaceSubrange((start + 1)...(start + 1), with: length)
            }
        } catch {
            removeSubrange(start...)
            throw error
        }
    }
}
