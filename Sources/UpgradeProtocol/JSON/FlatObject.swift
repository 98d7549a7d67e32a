/// The members that a message cares for, of a body that is one JSON object.
///
/// Everything else in the body is checked and forgotten, so that memory does not grow with it. Of a repeated member the
/// last counts.
struct FlatObject {
    private let bytes: [UInt8]
    private let names: [String]
    private var tokens: [JSONToken?]

    /// - Parameters:
    ///   - body: the payload of a frame.
    ///   - names: the members to keep.
    /// - Throws: ``MessageError`` when the body is too long, no UTF-8, or anything but one JSON object.
    init(_ body: [UInt8], keeping names: [String]) throws(MessageError) {
        guard body.count <= ProtocolLimits.messageLength else {
            throw .tooLong(byteCount: body.count, limit: ProtocolLimits.messageLength)
        }
        guard let text = String(validating: body, as: UTF8.self) else { throw .notUTF8 }
        bytes = body
        self.names = names
        tokens = [JSONToken?](repeating: nil, count: names.count)

        // White space around the object may be any, not only JSON's.
        let leading = text.unicodeScalars.prefix { $0.isWhiteSpace }.utf8Length
        let trailing = text.unicodeScalars.reversed().prefix { $0.isWhiteSpace }.utf8Length
        var scanner = JSONScanner(body, range: leading..<max(leading, body.count - trailing))
        try readMembers(&scanner)
        guard scanner.isAtEnd else { throw .malformed(offset: scanner.offset, expected: "nothing more") }
    }

    /// A member's value, or nil if it is not there.
    subscript(name: String) -> JSONToken? {
        names.firstIndex(of: name).flatMap { tokens[$0] }
    }

    /// The text of a string without the white space at its ends, or a number as it was written; nil for anything else.
    func text(of token: JSONToken) -> String? {
        switch token.kind {
        case .string: JSONText.decode(bytes[token.range].dropFirst().dropLast())?.trimmed()
        case .number: source(of: token)
        case .literal, .array, .object: nil
        }
    }

    /// A value as it was written.
    func source(of token: JSONToken) -> String {
        String(decoding: bytes[token.range], as: UTF8.self)
    }

    /// The values in an array that is a member.
    func elements(of array: JSONToken) throws(MessageError) -> [JSONToken] {
        var scanner = JSONScanner(bytes, range: array.range)
        var elements: [JSONToken] = []
        try scanner.expect("[")
        if scanner.skip("]") { return elements }
        repeat {
            elements.append(try scanner.scanValue(atDepth: 2))
        } while scanner.skip(",")
        return elements
    }

    private mutating func readMembers(_ scanner: inout JSONScanner) throws(MessageError) {
        try scanner.expect("{")
        if scanner.skip("}") { return }
        repeat {
            let name = try scanner.scanName()
            let value = try scanner.scanValue(atDepth: 1)
            if let index = index(of: name) { tokens[index] = value }
        } while scanner.skip(",")
        try scanner.expect("}", or: " or ','")
    }

    private func index(of name: JSONToken) -> Int? {
        guard let decoded = JSONText.decode(bytes[name.range].dropFirst().dropLast()) else { return nil }
        return names.firstIndex(of: decoded)
    }
}

extension Sequence<Unicode.Scalar> {
    fileprivate var utf8Length: Int { reduce(0) { $0 + UTF8.width($1) } }
}
