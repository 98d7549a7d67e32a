/// A PUBLISH without its payload: what a server keeps of a message beside the shared bytes.
public struct PublishHead: Hashable, Sendable {
    /// QoS, DUP and retain.
    public var flags: PublishFlags

    /// Nil when the topic alias among the properties stands for it.
    public var topic: TopicName?

    /// Present exactly with QoS 1 and 2.
    public var packetID: PacketID?

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates a head; whether it is legal is checked when it is encoded.
    public init(
        flags: PublishFlags = PublishFlags(), topic: TopicName?, packetID: PacketID? = nil,
        properties: Properties = Properties()
    ) {
        self.flags = flags
        self.topic = topic
        self.packetID = packetID
        self.properties = properties
    }

    /// Copies the parts of a body that a layout was read from.
    public init(_ layout: PublishLayout, in body: Span<UInt8>) {
        flags = layout.flags
        topic = layout.topicName(in: body)
        packetID = layout.packetID
        properties = layout.properties(in: body)
    }

    /// Appends fixed header and head of a PUBLISH whose payload is sent by other means.
    ///
    /// - Throws: when the packet would be illegal; the buffer is then as it was before.
    public func encode(
        payloadLength: Int, in context: PacketContext, into buffer: inout [UInt8]
    ) throws(PacketError) {
        let name = topic?.bytes ?? []
        try Self.encode(
            flags, topic: name.span, packetID: packetID, properties: properties,
            payloadLength: payloadLength, in: context, into: &buffer)
    }

    /// Appends a whole PUBLISH.
    func encode(payload: Span<UInt8>, in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        let name = topic?.bytes ?? []
        try Self.encode(
            flags, topic: name.span, packetID: packetID, properties: properties, payloadLength: payload.count,
            payload: payload, in: context, into: &buffer)
    }

    /// The same from parts, for a server that sends one message to many subscribers: a topic, perhaps still in the
    /// receive buffer, with this subscriber's flags and packet id. The topic's bytes must be those of a valid name, or
    /// none beside a topic alias.
    public static func encode(
        _ flags: PublishFlags, topic: Span<UInt8>, packetID: PacketID?, properties: Properties, payloadLength: Int,
        in context: PacketContext, into buffer: inout [UInt8]
    ) throws(PacketError) {
        try encode(
            flags, topic: topic, packetID: packetID, properties: properties, payloadLength: payloadLength,
            payload: Span(), in: context, into: &buffer)
    }

    /// Appends the head, and of the payload what is given here.
    @inline(__always)
    private static func encode(
        _ flags: PublishFlags, topic: Span<UInt8>, packetID: PacketID?, properties: Properties, payloadLength: Int,
        payload: Span<UInt8>, in context: PacketContext, into buffer: inout [UInt8]
    ) throws(PacketError) {
        guard (packetID != nil) == (flags.qos != .atMostOnce) else {
            throw PacketError(
                .protocolError, "QoS \(flags.qos.rawValue) \(packetID == nil ? "without" : "with") a packet id",
                packetID == nil ? "MQTT-2.2.1-3" : "MQTT-2.2.1-2")
        }
        guard !flags.isDuplicate || flags.qos != .atMostOnce else {
            throw PacketError(.protocolError, "DUP with QoS 0", "MQTT-3.3.1-2")
        }
        let version = context.version
        if topic.isEmpty {
            guard version.hasTopicAliases, properties.topicAlias != nil else {
                throw PacketError(.protocolError, "an empty topic name without a topic alias", "MQTT-3.3.2-1")
            }
        }
        let propertyLength = properties.bytes.count
        try properties.checkLegal(at: .publish(context.direction), version)
        var headLength = 2 + topic.count + (packetID == nil ? 0 : 2)
        if version.hasProperties { headLength += VariableByteInteger.length(of: propertyLength) + propertyLength }
        guard 0...(MQTTLimits.maximumVariableByteInteger - headLength) ~= payloadLength else {
            throw PacketError(
                .packetTooLarge,
                "PUBLISH with a payload of \(payloadLength) bytes and a head of \(headLength); at most 268435455 together"
            )
        }
        let remainingLength = headLength + payloadLength
        // Room for all of it is made once; nothing in here fails.
        buffer.append(addingCapacity: MQTTLimits.maximumFixedHeaderLength + headLength + payload.count) { output in
            output.append(PacketType.publish.rawValue << 4 | flags.nibble)
            output.appendVariableByteInteger(remainingLength)
            output.appendUInt16(UInt16(truncatingIfNeeded: topic.count))
            output.appendBytes(topic)
            if let packetID { output.appendUInt16(packetID.rawValue) }
            if version.hasProperties {
                output.appendVariableByteInteger(propertyLength)
                output.appendBytes(properties.bytes.span)
            }
            output.appendBytes(payload)
        }
    }
}

extension PublishLayout {
    /// A copy of the topic name; nil when a topic alias stands for it.
    public func topicName(in body: Span<UInt8>) -> TopicName? {
        topic.isEmpty ? nil : TopicName(checked: body.array(topic))
    }

    /// A copy of the properties.
    public func properties(in body: Span<UInt8>) -> Properties {
        Properties(checked: body, properties)
    }
}
