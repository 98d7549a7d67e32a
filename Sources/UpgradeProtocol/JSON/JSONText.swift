/// What the inside of a JSON string stands for.
enum JSONText {
    /// The character that a backslash and this byte stand for; nil when they stand for none.
    static func escape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// Undoes the escapes of a string that a ``JSONScanner`` has stepped over.
    ///
    /// - Parameter bytes: what stands between the quotes.
    /// - Returns: the text, or nil when it escapes half of a surrogate pair, which is no character.
    static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
                plain.append(byte)
                continue
            }
            if let character = escape(escaped) {
                plain.append(character)
            } else {
                guard let scalar = takeScalar(from: &rest) else { return nil }
                plain.append(contentsOf: String(Character(scalar)).utf8)
            }
        }
        return String(validating: plain, as: UTF8.self)
    }

    /// Takes the digits after `\u`, and a second escape if the first is half of a surrogate pair.
    private static func takeScalar(from rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let unit = takeCodeUnit(from: &rest) else { return nil }
        guard UTF16.isLeadSurrogate(unit) else { return Unicode.Scalar(unit) }
        guard rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u"),
            let trail = takeCodeUnit(from: &rest), UTF16.isTrailSurrogate(trail)
        else { return nil }
        return Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(trail) - 0xDC00))
    }

    private static func takeCodeUnit(from rest: inout ArraySlice<UInt8>) -> UInt16? {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = rest.popFirst()?.hexadecimalDigit else { return nil }
            unit = unit << 4 | digit
        }
        return unit
    }
}
