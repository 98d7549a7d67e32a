// The standard library's Unicode properties need tables that Embedded Swift does not link by default; these two
// classes are short enough to be written out.

extension Unicode.Scalar {
    /// Whether this is a control character (general category Cc).
    var isControl: Bool {
        value < 0x20 || (0x7F...0x9F).contains(value)
    }

    /// Whether this has the property White_Space, or is the byte-order mark, which JavaScript trims as well.
    var isWhiteSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF:
            true
        default: false
        }
    }
}
