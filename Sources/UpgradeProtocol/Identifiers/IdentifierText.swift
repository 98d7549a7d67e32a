/// A text that satisfies the rule which gateway ids and company ids share; compared and hashed by its bytes.
struct IdentifierText: Sendable {
    let value: String

    init(_ text: String, kind: IdentifierError.Kind) throws(IdentifierError) {
        if let rule = IdentifierText.brokenRule(text, limit: kind.lengthLimit) {
            throw IdentifierError(kind: kind, text: text, rule: rule)
        }
        var value = text
        // So that hashing finds the bytes in one place, wherever the text came from.
        value.makeContiguousUTF8()
        self.value = value
    }

    private static func brokenRule(_ text: String, limit: Int) -> IdentifierError.Rule? {
        // Nearly all ids: bytes that can break no rule wherever they stand, not too many and at least one.
        if 1...limit ~= text.utf8.count, text.utf8.allSatisfy({ $0.isPlain }) { return nil }
        let scalars = text.unicodeScalars
        guard let first = scalars.first, let last = scalars.last else { return .empty }
        let byteCount = text.utf8.count
        if byteCount > limit { return .tooLong(byteCount: byteCount, limit: limit) }
        if first == "$" { return .startsWithDollar }
        for scalar in scalars where scalar == "/" || scalar == "+" || scalar == "#" || scalar.isControl {
            return .forbiddenCharacter(scalar)
        }
        return first.isWhiteSpace || last.isWhiteSpace ? .whiteSpaceAtEnd : nil
    }
}

// A String compares by canonical equivalence; ids are bytes to MQTT and to the database, so they are bytes here too.
extension IdentifierText: Hashable, Comparable {
    static func == (left: IdentifierText, right: IdentifierText) -> Bool {
        let areEqual = left.value.utf8.withContiguousStorageIfAvailable { left in
            right.value.utf8.withContiguousStorageIfAvailable { left.count == $0.count && left.elementsEqual($0) }
        }
        // Both are contiguous since they were made.
        if case .some(.some(let areEqual)) = areEqual { return areEqual }
        return left.value.utf8.elementsEqual(right.value.utf8)
    }

    static func < (left: IdentifierText, right: IdentifierText) -> Bool {
        left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
    }

    func hash(into hasher: inout Hasher) {
        var value = value
        value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // No UTF-8 contains 0xFF: it ends the text, as the standard library's own strings do.
        hasher.combine(0xFF as UInt8)
    }
}

extension UInt8 {
    /// Whether this is an ASCII letter or digit, or one of `- . _`.
    fileprivate var isPlain: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension IdentifierError.Kind {
    fileprivate var lengthLimit: Int {
        switch self {
        case .gateway: ProtocolLimits.gatewayIDLength
        case .company: ProtocolLimits.companyIDLength
        }
    }
}
