/// CRC-32 in plain Swift, sixteen bytes at a time by sixteen tables ("slicing-by-16").
///
/// What ``CRC32`` computes with where the C target is not there, and what the tests hold the C target's variants against.
package enum SlicingCRC32 {
    private static let slices = 16

    /// 16 tables of 256 words, one after the other: table `n` holds the CRC of each byte value with `n` zero bytes
    /// after it.
    private static let tables: [UInt32] = {
        var words: [UInt32] = []
        words.reserveCapacity(slices * 256)
        for byte in 0..<UInt32(256) {
            words.append((0..<8).reduce(byte) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 })
        }
        for index in 256..<slices * 256 {
            let shorter = words[index - 256]
            words.append(shorter >> 8 ^ words[Int(shorter & 0xFF)])
        }
        return words
    }()

    /// Goes on with a checksum.
    ///
    /// - Parameters:
    ///   - checksum: the checksum of all bytes before, 0 if there are none.
    ///   - bytes: the bytes that follow.
    /// - Returns: the checksum of all of them.
    package static func `continue`(_ checksum: UInt32, over bytes: Span<UInt8>) -> UInt32 {
        let tables = tables
        var crc = ~checksum
        var index = 0
        while bytes.count - index >= slices {
            var next: UInt32 = 0
            for position in 0..<slices {
                // The checksum so far is folded into the first four bytes.
                let folded = position < 4 ? UInt8(truncatingIfNeeded: crc >> UInt32(8 * position)) : 0
                next ^= tables[(slices - 1 - position) * 256 + Int(bytes[index + position] ^ folded)]
            }
            crc = next
            index += slices
        }
        while index < bytes.count {
            crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[index])]
            index += 1
        }
        return ~crc
    }
}
