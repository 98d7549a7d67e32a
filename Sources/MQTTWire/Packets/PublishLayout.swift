/// Where the parts of a PUBLISH lie in its body, once they have been checked.
///
/// It refers to nothing and copies nothing: a server can match the topic where it was received, and keep or forward the
/// payload without having touched it. The ranges count from the body's first byte.
public struct PublishLayout: Hashable, Sendable {
    /// QoS, DUP and retain, checked.
    public let flags: PublishFlags

    /// The topic name's bytes, checked; empty when the topic alias stands for it.
    public let topic: Range<Int>

    /// Present exactly with QoS 1 and 2.
    public let packetID: PacketID?

    /// The encoded properties without their length, checked.
    public let properties: Range<Int>

    /// The topic alias, when there is one.
    public let topicAlias: UInt16?

    /// The payload; the range ends with the body, whether or not so many bytes are there already.
    public let payload: Range<Int>

    /// Reads the head of a PUBLISH.
    ///
    /// - Parameters:
    ///   - header: the packet's own.
    ///   - prefix: as much as there is of the bytes that follow the fixed header; the payload need not be among them.
    ///   - context: the connection's.
    /// - Returns: nil when more bytes are needed to see the whole head.
    /// - Throws: when no continuation of the bytes can make a PUBLISH.
    public static func decode(
        header: FixedHeader, prefix: Span<UInt8>, in context: PacketContext
    ) throws(PacketError) -> PublishLayout? {
        guard header.type == .publish else {
            throw PacketError(.protocolError, at: 0, "\(header.type) where PUBLISH is due")
        }
        // PUBLISH is legal in all versions and directions: what is left to check of its header is flags and length.
        let flags = try PublishFlags(header: header, version: context.version)
        try header.validateLength(for: context.version)
        let body = prefix.extracting(first: header.remainingLength)
        guard try headLength(header: header, prefix: body, in: context) <= body.count else { return nil }
        return try PublishLayout(header, flags, body, in: context)
    }

    /// The length of the head, as far as the bytes tell: when there are so many, the head is complete; else look again
    /// when there are.
    ///
    /// - Parameters:
    ///   - header: the packet's own.
    ///   - prefix: as much as there is of the bytes that follow the fixed header.
    ///   - context: the connection's.
    /// - Returns: bytes after the fixed header, more than there are while the head is not complete.
    /// - Throws: when the head is longer than the packet.
    public static func headLength(
        header: FixedHeader, prefix: Span<UInt8>, in context: PacketContext
    ) throws(PacketError) -> Int {
        var length = 2
        func checked(_ length: Int) throws(PacketError) -> Int {
            guard length <= header.remainingLength else {
                throw PacketError(
                    .malformedPacket, at: header.packetLength,
                    "the packet ends within its head: \(length) bytes needed, \(header.remainingLength) there")
            }
            return length
        }
        guard prefix.count >= length else { return try checked(length) }
        let hasPacketID = header.flags & 0b0110 != 0
        length += (Int(prefix[0]) << 8 | Int(prefix[1])) + (hasPacketID ? 2 : 0)
        if context.version.hasProperties {
            guard
                let propertyLength = try VariableByteInteger(
                    prefix, at: length, end: prefix.count, origin: header.length, "property length")
            else { return try checked(max(length, prefix.count) + 1) }
            length += propertyLength.length + propertyLength.value
        }
        return try checked(length)
    }

    @inline(__always)
    private init(
        _ header: FixedHeader, _ flags: PublishFlags, _ body: Span<UInt8>, in context: PacketContext
    ) throws(PacketError) {
        var reader = ByteReader(body, origin: header.length)
        self.flags = flags
        topic = try reader.binaryRange(body, "topic name")
        let needsCloserLook = ByteScan.nameNeedsCloserLook(body, topic)
        if needsCloserLook { try TextRules.check(body, topic, "topic name", origin: header.length) }
        packetID = flags.qos == .atMostOnce ? nil : try reader.packetID(body)
        if context.version.hasProperties {
            let (range, identifiers) = try Properties.range(&reader, body, at: .publish(context.direction))
            properties = range
            let alias = identifiers.contains(.topicAlias) ? Properties.field(.topicAlias, in: body, range) : nil
            topicAlias = alias.map { UInt16(truncatingIfNeeded: $0.integer) }
        } else {
            properties = reader.position..<reader.position
            topicAlias = nil
        }
        payload = reader.position..<header.remainingLength
        if topic.isEmpty, context.version.hasTopicAliases {
            guard topicAlias != nil else {
                throw PacketError(
                    .protocolError, at: header.length, "an empty topic name without a topic alias", "MQTT-3.3.2-1")
            }
        } else if needsCloserLook || topic.isEmpty {
            try TopicRules.checkName(body, topic, origin: header.length)  // [MQTT-3.3.2-2]
        }
    }
}
