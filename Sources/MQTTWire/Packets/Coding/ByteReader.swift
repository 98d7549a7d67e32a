/// Reads the fields of a packet's body in order.
///
/// It holds an offset alone and is given the bytes at each call, since a type of our own that keeps a `Span` would need
/// an experimental feature. The body is complete, so that reading past its end is an error of the packet.
///
/// What every packet reads several times is inlined: it takes fewer instructions than its call.
struct ByteReader {
    private(set) var position = 0
    let end: Int

    /// The body's offset in the packet, so that errors count from the packet's first byte.
    let origin: Int

    init(_ bytes: Span<UInt8>, origin: Int) {
        self.end = bytes.count
        self.origin = origin
    }

    /// Reads a part of the body.
    init(_ range: Range<Int>, origin: Int) {
        self.position = range.lowerBound
        self.end = range.upperBound
        self.origin = origin
    }

    var isAtEnd: Bool { position == end }

    /// The place of the next byte in the packet.
    var offset: Int { origin + position }

    @inline(__always)
    mutating func byte(_ bytes: Span<UInt8>, _ field: StaticString) throws(PacketError) -> UInt8 {
        bytes[try take(1, field).lowerBound]
    }

    @inline(__always)
    mutating func uint16(_ bytes: Span<UInt8>, _ field: StaticString) throws(PacketError) -> UInt16 {
        let start = try take(2, field).lowerBound
        return UInt16(bytes[start]) << 8 | UInt16(bytes[start + 1])
    }

    mutating func uint32(_ bytes: Span<UInt8>, _ field: StaticString) throws(PacketError) -> UInt32 {
        let start = try take(4, field).lowerBound
        return UInt32(bytes[start]) << 24 | UInt32(bytes[start + 1]) << 16
            | UInt32(bytes[start + 2]) << 8 | UInt32(bytes[start + 3])
    }

    /// A variable byte integer within a body; only 5.0 has them, so the shortest form is required.
    mutating func variableByteInteger(_ bytes: Span<UInt8>, _ field: StaticString) throws(PacketError) -> Int {
        let start = offset
        guard let integer = try VariableByteInteger(bytes, at: position, end: end, origin: origin, field) else {
            throw PacketError(.malformedPacket, at: start, "the packet ends within \(field)")
        }
        guard integer.isMinimal else {
            throw PacketError(
                .malformedPacket, at: start,
                "\(field) \(integer.value) takes \(integer.length) bytes, more than it needs",
                "MQTT-1.5.5-1")
        }
        position += integer.length
        return integer.value
    }

    /// Where binary data lies: two bytes of length, then that many bytes.
    @inline(__always)
    mutating func binaryRange(_ bytes: Span<UInt8>, _ field: StaticString) throws(PacketError) -> Range<Int> {
        // [MQTT-4.7.3-3]
        let length = try uint16(bytes, field)
        return try take(Int(length), field)
    }

    mutating func binary(_ bytes: Span<UInt8>, _ field: StaticString) throws(PacketError) -> [UInt8] {
        bytes.array(try binaryRange(bytes, field))
    }

    /// Where a string lies that has been checked to be text.
    mutating func textRange(_ bytes: Span<UInt8>, _ field: StaticString) throws(PacketError) -> Range<Int> {
        let range = try binaryRange(bytes, field)
        try TextRules.check(bytes, range, field, origin: origin)
        return range
    }

    mutating func text(_ bytes: Span<UInt8>, _ field: StaticString) throws(PacketError) -> String {
        TextRules.text(bytes, try textRange(bytes, field))
    }

    mutating func packetID(_ bytes: Span<UInt8>) throws(PacketError) -> PacketID {
        let start = offset
        let value = try uint16(bytes, "packet id")
        do {
            return try PacketID(value)
        } catch {
            throw error.moved(to: start)
        }
    }

    /// The rest of the body.
    mutating func rest() -> Range<Int> {
        defer { position = end }
        return position..<end
    }

    /// Refuses left-over bytes.
    func finish(_ type: PacketType) throws(PacketError) {
        guard isAtEnd else {
            throw PacketError(.malformedPacket, at: offset, "\(end - position) bytes after the end of \(type)")
        }
    }

    /// Takes bytes that must be there. The count comes from outside: it is compared, never added, before it is known.
    @inline(__always)
    mutating func take(_ count: Int, _ field: StaticString) throws(PacketError) -> Range<Int> {
        guard count <= end - position else { throw endsWithin(field, count) }
        defer { position += count }
        return position..<(position + count)
    }

    /// Kept out of line, so that the way without errors stays short.
    @inline(never)
    private func endsWithin(_ field: StaticString, _ count: Int) -> PacketError {
        PacketError(
            .malformedPacket, at: offset,
            "the packet ends within \(field): \(count) bytes needed, \(end - position) left")
    }
}

extension Span<UInt8> {
    /// A copy of a part.
    func array(_ range: Range<Int>) -> [UInt8] {
        // `Array` has no initialiser that takes a span.
        extracting(range).withUnsafeBufferPointer { [UInt8]($0) }
    }
}

extension PacketError {
    /// The same error at a place in a packet.
    func moved(to offset: Int?) -> PacketError {
        var error = self
        error.offset = offset
        return error
    }
}
