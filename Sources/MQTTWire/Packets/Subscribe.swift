/// A filter with the options that a SUBSCRIBE asks for.
public struct Subscription: Hashable, Sendable {
    /// Which messages are asked for.
    public var filter: TopicFilter

    /// How they are to come; before 5.0 their QoS alone.
    public var options: SubscriptionOptions

    /// Joins a filter and its options.
    public init(_ filter: TopicFilter, _ options: SubscriptionOptions) {
        self.filter = filter
        self.options = options
    }
}

/// SUBSCRIBE: a client asks for one or more subscriptions (section 3.8).
public struct Subscribe: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.subscribe

    /// The answer carries the same.
    public var packetID: PacketID

    /// At least one.
    public var subscriptions: [Subscription]

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(packetID: PacketID, subscriptions: [Subscription], properties: Properties = Properties()) {
        self.packetID = packetID
        self.subscriptions = subscriptions
        self.properties = properties
    }

    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        let version = context.version
        var reader = ByteReader(body, origin: header.length)
        packetID = try reader.packetID(body)
        properties = try Properties(&reader, body, at: .subscribe, version)
        subscriptions = []
        while !reader.isAtEnd {
            let filter = try TopicFilter(&reader, body, version)
            let offset = reader.offset
            let options = try SubscriptionOptions(
                try reader.byte(body, "subscription options"), version, offset: offset)
            let subscription = Subscription(filter, options)
            try subscription.checkNoLocal(at: offset)
            subscriptions.append(subscription)
        }
        try checkNotEmpty(at: reader.offset)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try checkNotEmpty(at: nil)
        try buffer.appendPacket(.subscribe) { (buffer) throws(PacketError) in
            buffer.appendUInt16(packetID.rawValue)
            try properties.encode(at: .subscribe, context.version, into: &buffer)
            for subscription in subscriptions {
                try subscription.checkNoLocal(at: nil)
                try buffer.appendBinary(subscription.filter.bytes, "topic filter")
                buffer.append(subscription.options.byte(context.version))
            }
        }
    }

    private func checkNotEmpty(at offset: Int?) throws(PacketError) {
        guard subscriptions.isEmpty else { return }
        throw PacketError(.protocolError, at: offset, "SUBSCRIBE without a subscription", "MQTT-3.8.3-2")
    }
}

extension Subscription {
    /// A shared subscription cannot leave out its subscriber's own messages.
    fileprivate func checkNoLocal(at offset: Int?) throws(PacketError) {
        guard options.noLocal, filter.isShared else { return }
        throw PacketError(.protocolError, at: offset, "no local on a shared subscription", "MQTT-3.8.3-4")
    }
}
