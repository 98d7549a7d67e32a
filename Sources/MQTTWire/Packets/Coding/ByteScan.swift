/// Looks for bytes of which there are none in most texts, eight at a time.
enum ByteScan {
    /// Whether there is a NUL.
    static func hasNUL(_ bytes: Span<UInt8>) -> Bool {
        contains(bytes, 0..<bytes.count) { word in hasZero(word) }
    }

    /// Whether there is a NUL, or a byte that is not ASCII.
    static func needsCloserLook(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        contains(bytes, range) { word in hasZero(word) | (word & highBits) }
    }

    /// Whether there is a `+` or a `#`.
    static func hasWildcard(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        contains(bytes, range) { word in hasWildcard(word) }
    }

    /// Whether there is any of all these.
    static func nameNeedsCloserLook(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        contains(bytes, range) { word in hasZero(word) | (word & highBits) | hasWildcard(word) }
    }

    private static let lowBits: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Not zero exactly when a byte of the word is zero.
    @inline(__always)
    private static func hasZero(_ word: UInt64) -> UInt64 {
        (word &- lowBits) & ~word & highBits
    }

    /// Not zero exactly when a byte of the word is a wildcard; the two differ in one bit.
    @inline(__always)
    private static func hasWildcard(_ word: UInt64) -> UInt64 {
        hasZero((word | 0x08 &* lowBits) ^ 0x2B &* lowBits)
    }

    /// Whether the test is not zero for any eight bytes. The last eight overlap those before; fewer are filled up with a letter.
    @inline(__always)
    private static func contains(_ bytes: Span<UInt8>, _ range: Range<Int>, _ test: (UInt64) -> UInt64) -> Bool {
        // A span has no load of words; every load is within the extracted range, whose bounds are checked.
        bytes.extracting(range).withUnsafeBytes { bytes in
            guard bytes.count >= 8 else {
                var word = UInt64(UInt8(ascii: "a")) &* lowBits
                for byte in bytes { word = word << 8 | UInt64(byte) }
                return test(word) != 0
            }
            let last = bytes.count - 8
            var found = test(bytes.loadUnaligned(fromByteOffset: last, as: UInt64.self))
            var index = 0
            while index < last {
                found |= test(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index += 8
            }
            return found != 0
        }
    }
}
