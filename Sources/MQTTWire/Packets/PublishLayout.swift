/// Where the parts of a PUBLISH lie in its body, once they have been checked.
///
/// It refers to nothing and copies nothing: a server can match the topic where it was received, and keep or forward the
/// payload without having touched it. The ranges count from the body's first byte.
public struct PublishLayout: Hashable, Sendable {
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
        try header.validate(in: context)
        let flags = try PublishFlags(header: header, version: context.version)
        let body = prefix.extracting(first: header.remainingLength)
        guard try isHeadComplete(header, flags, body, context) else { return nil }
        return try PublishLayout(header, flags, body, in: context)
    }

    /// Whether the whole head is there, or so much of it that it is known to be wrong.
    private static func isHeadComplete(
        _ header: FixedHeader, _ flags: PublishFlags, _ body: Span<UInt8>, _ context: PacketContext
    ) throws(PacketError) -> Bool {
        // With the whole body there, whatever is missing is an error.
        if body.count == header.remainingLength { return true }
        guard body.count >= 2 else { return false }
        var end = 2 + (Int(body[0]) << 8 | Int(body[1])) + (flags.qos == .atMostOnce ? 0 : 2)
        if context.version.hasProperties, end <= header.remainingLength {
            guard
                let length = try VariableByteInteger(
                    body, at: end, end: body.count, origin: header.length, "property length")
            else { return false }
            end += length.length + length.value
        }
        // A head that is longer than the packet says is not waited for.
        return end <= body.count || end > header.remainingLength
    }

    private init(
        _ header: FixedHeader, _ flags: PublishFlags, _ body: Span<UInt8>, in context: PacketContext
    ) throws(PacketError) {
        var reader = ByteReader(body, origin: header.length)
        self.flags = flags
        topic = try reader.textRange(body, "topic name")
        packetID = flags.qos == .atMostOnce ? nil : try reader.packetID(body)
        if context.version.hasProperties {
            properties = try Properties.range(&reader, body, at: .publish(context.direction))
            topicAlias = Properties.field(.topicAlias, in: body, properties)
                .map { UInt16(truncatingIfNeeded: $0.integer) }
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
        } else {
            try TopicRules.checkName(body, topic, origin: header.length)  // [MQTT-3.3.2-2]
        }
    }
}
