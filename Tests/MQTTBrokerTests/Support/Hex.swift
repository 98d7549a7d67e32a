/// Bytes in a readable notation: hex digits, `'text'` for a string with its two bytes of length, and `_` for the length,
/// as a variable byte integer, of everything after it up to a `;` or the end.
func hex(_ notation: String) -> [UInt8] {
    var rest = Array(notation.utf8)[...]
    var bytes: [UInt8] = []
    var pending: [Int] = []
    func close(_ start: Int) {
        var length = bytes.count - start
        var encoded: [UInt8] = []
        repeat {
            encoded.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
            length >>= 7
        } while length > 0
        bytes.insert(contentsOf: encoded, at: start)
    }
    while let character = rest.popFirst() {
        switch character {
        case UInt8(ascii: "_"):
            pending.append(bytes.count)
        case UInt8(ascii: ";"):
            if let start = pending.popLast() { close(start) }
        case UInt8(ascii: "'"):
            let text = rest.prefix { $0 != UInt8(ascii: "'") }
            rest = rest.dropFirst(text.count + 1)
            bytes += [UInt8(text.count >> 8), UInt8(text.count & 0xFF)] + text
        case UInt8(ascii: " "):
            continue
        default:
            let low = rest.popFirst() ?? UInt8(ascii: "0")
            let digits = String(decoding: [character, low], as: UTF8.self)
            bytes.append(UInt8(digits, radix: 16) ?? 0)
        }
    }
    while let start = pending.popLast() { close(start) }
    return bytes
}
