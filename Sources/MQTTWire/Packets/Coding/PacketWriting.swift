extension [UInt8] {
    /// Bytes that nearly all packets but PUBLISH have room in; with what an array adds, 128.
    private static let commonPacketLength = 96

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
        append(addingCapacity: 2 + data.count) { output in
            output.appendUInt16(UInt16(truncatingIfNeeded: data.count))
            output.appendBytes(data.span)
        }
    }

    mutating func appendText(_ text: String, _ field: StaticString) throws(PacketError) {
        try TextRules.check(text, field)
        let bytes = text.utf8.span
        append(addingCapacity: 2 + bytes.count) { output in
            output.appendUInt16(UInt16(truncatingIfNeeded: bytes.count))
            output.appendBytes(bytes)
        }
    }

    /// Appends a whole packet whose body the closure writes. The remaining length is put in afterwards, so that no
    /// second calculation of sizes can disagree with what was written. On an error the buffer is as it was.
    @inline(__always)
    mutating func appendPacket(
        _ type: PacketType, flags: UInt8? = nil, _ body: (inout [UInt8]) throws(PacketError) -> Void
    ) throws(PacketError) {
        // An array that starts at nothing would come to the size of a common packet by five allocations.
        if capacity == 0 { reserveCapacity(Self.commonPacketLength) }
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
