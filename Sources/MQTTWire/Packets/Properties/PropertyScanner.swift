/// Where one property and its value lie; no bytes are copied.
struct PropertyField {
    let identifier: PropertyIdentifier

    /// Identifier and value.
    let range: Range<Int>

    /// The value of a number or flag, else 0.
    var integer = 0

    /// The bytes of binary data or text, and of a pair's name.
    var data = 0..<0

    /// The bytes of a pair's value.
    var secondData = 0..<0
}

/// Walks over encoded properties and checks each by its rule's kind.
struct PropertyScanner {
    private var reader: ByteReader

    init(_ range: Range<Int>, origin: Int) {
        reader = ByteReader(range, origin: origin)
    }

    /// The next property; nil at the end. Inlined, so that nothing is made of a field that nobody looks at.
    @inline(__always)
    mutating func next(_ bytes: Span<UInt8>) throws(PacketError) -> PropertyField? {
        guard !reader.isAtEnd else { return nil }
        let start = reader.position
        let offset = reader.offset
        let number = try reader.byte(bytes, "property identifier")
        guard let identifier = PropertyIdentifier(rawValue: number) else {
            throw PacketError(.malformedPacket, at: offset, "property identifier \(number) does not exist")
        }
        var integer = 0
        var data = 0..<0
        var secondData = 0..<0
        switch identifier.rule.kind {
        case .flag:
            integer = Int(try reader.byte(bytes, "property value"))
            guard integer <= 1 else {
                throw PacketError(.protocolError, at: offset, "\(identifier) \(integer); it is 0 or 1")
            }
        case .uint16:
            integer = Int(try reader.uint16(bytes, "property value"))
        case .uint16NotZero:
            integer = Int(try reader.uint16(bytes, "property value"))
            try Self.checkNotZero(integer, identifier, offset)
        case .uint32:
            integer = Int(try reader.uint32(bytes, "property value"))
        case .uint32NotZero:
            integer = Int(try reader.uint32(bytes, "property value"))
            try Self.checkNotZero(integer, identifier, offset)
        case .variableByteIntegerNotZero:
            integer = try reader.variableByteInteger(bytes, "property value")
            try Self.checkNotZero(integer, identifier, offset)
        case .binary:
            data = try reader.binaryRange(bytes, "property value")
        case .text:
            data = try reader.textRange(bytes, "property value")
        case .topicName:
            data = try reader.textRange(bytes, "property value")
            try TopicRules.checkName(bytes, data, origin: reader.origin)
        // [MQTT-1.5.7-1]
        case .textPair:
            data = try reader.textRange(bytes, "user property name")
            secondData = try reader.textRange(bytes, "user property value")
        }
        return PropertyField(
            identifier: identifier, range: start..<reader.position, integer: integer, data: data,
            secondData: secondData)
    }

    private static func checkNotZero(
        _ value: Int, _ identifier: PropertyIdentifier, _ offset: Int
    ) throws(PacketError) {
        guard value == 0 else { return }
        throw PacketError(
            identifier == .topicAlias ? .topicAliasInvalid : .protocolError, at: offset,
            "\(identifier) 0; it is 1 or more", identifier == .topicAlias ? "MQTT-3.3.2-8" : nil)
    }
}
