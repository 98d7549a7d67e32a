/// The fields of a head, written into memory that was reserved for all of them.
extension OutputSpan<UInt8> {
    @inline(__always)
    mutating func appendUInt16(_ value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends a value that is at most ``MQTTLimits/maximumVariableByteInteger``, in the shortest form [MQTT-1.5.5-1].
    @inline(__always)
    mutating func appendVariableByteInteger(_ value: Int) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    mutating func appendBytes(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity)
        // There is no append of a span; the line above keeps the copy within the reserved memory.
        withUnsafeMutableBufferPointer { buffer, count in
            bytes.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(buffer)[count...].copyBytes(from: source)
            }
            count += bytes.count
        }
    }
}
