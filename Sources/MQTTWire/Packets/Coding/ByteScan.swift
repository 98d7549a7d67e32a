/// Looks for bytes of which there are none in most texts, eight at a time.
enum ByteScan {
    /// Whether there is a NUL, or a byte that is not ASCII.
    static func needsCloserLook(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        contains(bytes, range) { word in hasZero(word) | (word & highBits) }
    }

    /// Whether there is a `+` or a `#`, which differ in one bit.
    static func hasWildcard(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        contains(bytes, range) { word in hasZero((word | 0x08 &* lowBits) ^ 0x2B &* lowBits) }
    }

    private static let lowBits: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Not zero exactly when a byte of the word is zero.
    @inline(__always)
    private static func hasZero(_ word: UInt64) -> UInt64 {
        (word &- lowBits) & ~word & highBits
    }

    /// Whether the test is not zero for any eight bytes; the last ones are filled up with a letter.
    @inline(__always)
    private static func contains(_ bytes: Span<UInt8>, _ range: Range<Int>, _ test: (UInt64) -> UInt64) -> Bool {
        // A span has no load of words; every load is within the extracted range, whose bounds are checked.
        bytes.extracting(range).withUnsafeBytes { bytes in
            var found: UInt64 = 0
            var index = 0
            while index + 8 <= bytes.count {
                found |= test(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index += 8
            }
            var last = UInt64(UInt8(ascii: "a")) &* lowBits
            while index < bytes.count {
                last = last << 8 | UInt64(bytes[index])
                index += 1
            }
            return (found | test(last)) != 0
        }
    }
}
