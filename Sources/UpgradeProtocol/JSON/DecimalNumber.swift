/// A JSON number, as exactly as it was written: no double stands between the text and its value.
struct DecimalNumber {
    /// The number without its fraction, or nil when that has more than 18 digits.
    let wholePart: Int64?

    /// - Parameter text: a number by the grammar of RFC 8259, and nothing else.
    init?(_ text: String) {
        let bytes = [UInt8](text.utf8)
        var scanner = JSONScanner(bytes, range: bytes.indices)
        guard scanner.skipNumber(), scanner.offset == bytes.count else { return nil }

        let isExponentMark: (UInt8) -> Bool = { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        let mantissa = bytes.prefix { !isExponentMark($0) }
        let whole = mantissa.prefix { $0 != UInt8(ascii: ".") }.filter { $0.isDigit }
        let digits = mantissa.filter { $0.isDigit }
        let significant = digits.drop { $0 == UInt8(ascii: "0") }
        let exponent = DecimalNumber.exponent(bytes.dropFirst(mantissa.count + 1))
        let wholeCount = whole.count - (digits.count - significant.count) + exponent

        guard wholeCount > 0, !significant.isEmpty else {
            wholePart = 0
            return
        }
        guard wholeCount <= 18 else {
            wholePart = nil
            return
        }
        var value: Int64 = 0
        for digit in significant.prefix(wholeCount) { value = value * 10 + Int64(digit - UInt8(ascii: "0")) }
        for _ in 0..<max(0, wholeCount - significant.count) { value *= 10 }
        wholePart = bytes.first == UInt8(ascii: "-") ? -value : value
    }

    /// The exponent, held to a range beyond which no number with a message's length has a whole part that counts.
    private static func exponent(_ bytes: ArraySlice<UInt8>) -> Int {
        let limit = 2 * ProtocolLimits.messageLength
        var magnitude = 0
        for byte in bytes where byte.isDigit {
            magnitude = min(limit, magnitude * 10 + Int(byte - UInt8(ascii: "0")))
        }
        return bytes.first == UInt8(ascii: "-") ? -magnitude : magnitude
    }
}
