/// What precedes the data of a frame (RFC 6455, 5.2).
///
/// ```text
///   bit 0   1..3   4..7    |  8     9..15  | 0, 2 or 8 bytes | 0 or 4 bytes
///     ┌─────┬─────┬────────┬──────┬────────┬─────────────────┬──────────┐
///     │ FIN │ RSV │ opcode │ MASK │ length │ longer length   │ mask key │
///     └─────┴─────┴────────┴──────┴────────┴─────────────────┴──────────┘
/// ```
///
/// A length of 126 says that the next two bytes are the length, 127 the next eight; big-endian, and never longer than need be.
struct WebSocketFrameHeader: Equatable {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    /// False for all but the last frame of a message.
    var isFinal: Bool
    var opcode: Opcode
    /// Bytes of data that follow.
    var length: Int
    /// The key by which a client masks its data, its first byte lowest; nil for what is not masked.
    var mask: UInt32?

    /// The most bytes that a header has.
    static let maximumCount = 14

    /// How many bytes the header has whose first two are given.
    static func count(_ first: (UInt8, UInt8)) -> Int {
        let longer =
            switch first.1 & 0x7F {
            case 126: 2
            case 127: 8
            default: 0
            }
        return 2 + longer + (first.1 & 0x80 != 0 ? 4 : 0)
    }

    init(isFinal: Bool = true, opcode: Opcode, length: Int, mask: UInt32? = nil) {
        self.isFinal = isFinal
        self.opcode = opcode
        self.length = length
        self.mask = mask
    }

    /// Reads a header that is all there: as many bytes as ``count(_:)`` says.
    init(_ bytes: some RandomAccessCollection<UInt8>) throws(WebSocketError) {
        var rest = bytes[...]
        func next(_ count: Int) -> UInt64 {
            let value = rest.prefix(count).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            rest = rest.dropFirst(count)
            return value
        }
        let (first, second) = (UInt8(truncatingIfNeeded: next(1)), UInt8(truncatingIfNeeded: next(1)))
        guard first & 0x70 == 0 else { throw .protocolError("a reserved bit is set and no extension was agreed on") }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .protocolError("opcode \(first & 0x0F)") }
        self.opcode = opcode
        isFinal = first & 0x80 != 0
        let short = Int(second & 0x7F)
        switch short {
        case 126:
            length = Int(next(2))
            guard length >= 126 else { throw .protocolError("a length of \(length) in two bytes more than it needs") }
        case 127:
            guard let value = Int(exactly: next(8)) else { throw .protocolError("a length of 2^63 or more") }
            guard value > 0xFFFF else { throw .protocolError("a length of \(value) in eight bytes") }
            length = value
        default: length = short
        }
        mask = second & 0x80 != 0 ? UInt32(truncatingIfNeeded: next(4)).byteSwapped : nil
    }

    /// Appends the bytes of the header. A server does not mask.
    func encode(into bytes: inout [UInt8]) {
        bytes.append((isFinal ? 0x80 : 0) | opcode.rawValue)
        let isMasked: UInt8 = mask == nil ? 0 : 0x80
        func append(_ value: UInt64, _ count: Int) {
            for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
        }
        switch length {
        case ...125: bytes.append(isMasked | UInt8(clamping: length))
        case ...0xFFFF:
            bytes.append(isMasked | 126)
            append(UInt64(length), 2)
        default:
            bytes.append(isMasked | 127)
            append(UInt64(length), 8)
        }
        if let mask { append(UInt64(mask.byteSwapped), 4) }
    }
}
