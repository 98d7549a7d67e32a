/// Walks over the bytes of a JSON text, once and without recursion, and refuses what RFC 8259 does not allow.
struct JSONScanner {
    let bytes: [UInt8]
    private(set) var offset: Int
    private let end: Int

    init(_ bytes: [UInt8], range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// Whether nothing but white space is left.
    var isAtEnd: Bool {
        mutating get {
            skipWhiteSpace()
            return offset == end
        }
    }

    /// Steps over a byte, and white space before it, if it is the next.
    mutating func skip(_ byte: Unicode.Scalar) -> Bool {
        skipWhiteSpace()
        guard peek == UInt8(ascii: byte) else { return false }
        offset += 1
        return true
    }

    /// Steps over a byte that has to be the next.
    mutating func expect(_ byte: Unicode.Scalar, or alternative: String = "") throws(MessageError) {
        guard skip(byte) else { throw malformed("'\(byte)'\(alternative)") }
    }

    /// Steps over a member's name and its colon.
    mutating func scanName() throws(MessageError) -> JSONToken {
        skipWhiteSpace()
        guard peek == UInt8(ascii: "\"") else { throw malformed("a member's name") }
        let name = try scanString()
        try expect(":")
        return name
    }

    /// Steps over a value of any kind, with all that is in it.
    ///
    /// - Parameter depth: how many arrays and objects the value stands in.
    /// - Returns: the value.
    /// - Throws: ``MessageError`` when it is no value, or nests too deep.
    mutating func scanValue(atDepth depth: Int) throws(MessageError) -> JSONToken {
        skipWhiteSpace()
        let start = offset
        var open: [JSONToken.Kind] = []
        while true {
            let kind = try scanScalarOrOpening()
            if kind == .array || kind == .object {
                guard depth + open.count < ProtocolLimits.messageDepth else {
                    throw .nestedTooDeep(offset: offset - 1, limit: ProtocolLimits.messageDepth)
                }
                open.append(kind)
                if !skip(kind.closing) {
                    if kind == .object { _ = try scanName() }
                    continue
                }
                open.removeLast()
            }
            // A value is complete; so may be those that it stands in.
            while let container = open.last, !skip(",") {
                try expect(container.closing, or: " or ','")
                open.removeLast()
            }
            switch open.last {
            case nil:
                let outermost: JSONToken.Kind =
                    switch bytes[start] {
                    case UInt8(ascii: "["): .array
                    case UInt8(ascii: "{"): .object
                    default: kind
                    }
                return JSONToken(kind: outermost, range: start..<offset)
            case .object: _ = try scanName()
            default: break
            }
        }
    }

    /// Steps over a number, if the bytes from here on are one.
    mutating func skipNumber() -> Bool {
        if peek == UInt8(ascii: "-") { offset += 1 }
        if peek == UInt8(ascii: "0") { offset += 1 } else if !skipDigits() { return false }
        if peek == UInt8(ascii: ".") {
            offset += 1
            guard skipDigits() else { return false }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            offset += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { offset += 1 }
            guard skipDigits() else { return false }
        }
        return true
    }

    private var peek: UInt8? { offset < end ? bytes[offset] : nil }

    private func malformed(_ expected: String) -> MessageError { .malformed(offset: offset, expected: expected) }

    private mutating func skipWhiteSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
    }

    private mutating func skipDigits() -> Bool {
        let start = offset
        while let byte = peek, byte.isDigit { offset += 1 }
        return offset > start
    }

    /// Steps over a whole string, number or literal, or over the bracket that opens an array or object.
    private mutating func scanScalarOrOpening() throws(MessageError) -> JSONToken.Kind {
        skipWhiteSpace()
        switch peek {
        case UInt8(ascii: "{"):
            offset += 1
            return .object
        case UInt8(ascii: "["):
            offset += 1
            return .array
        case UInt8(ascii: "\""):
            return try scanString().kind
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            for literal in ["true", "false", "null"] where bytes[offset..<end].starts(with: literal.utf8) {
                offset += literal.utf8.count
                return .literal
            }
            throw malformed("a value")
        default:
            guard skipNumber() else { throw malformed("a value") }
            return .number
        }
    }

    private mutating func scanString() throws(MessageError) -> JSONToken {
        let start = offset
        offset += 1
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return JSONToken(kind: .string, range: start..<offset)
            case UInt8(ascii: "\\"):
                offset += 1
                try scanEscape()
            case 0..<0x20:
                throw malformed("a character that is no control character")
            default:
                offset += 1
            }
        }
        throw malformed("the end of a string")
    }

    /// Steps over what follows a backslash.
    private mutating func scanEscape() throws(MessageError) {
        switch peek {
        case UInt8(ascii: "u"):
            offset += 1
            for _ in 0..<4 {
                guard let byte = peek, byte.hexadecimalDigit != nil else { throw malformed("a hexadecimal digit") }
                offset += 1
            }
        case let byte? where JSONText.escape(byte) != nil:
            offset += 1
        default:
            throw malformed("an escape")
        }
    }
}

extension JSONToken.Kind {
    /// The bracket that closes an array or an object.
    fileprivate var closing: Unicode.Scalar { self == .array ? "]" : "}" }
}

extension UInt8 {
    /// Whether this is an ASCII digit.
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// The value of an ASCII hexadecimal digit.
    var hexadecimalDigit: UInt16? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(self - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(self - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(self - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
