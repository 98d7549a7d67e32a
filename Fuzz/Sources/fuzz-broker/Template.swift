import MQTTWire

/// Packets that make sense, so that an input of few bytes gets far.
enum Template {
    private static let topics = ["a", "a/b", "b", "$x"]
    private static let filters = ["a", "a/b", "a/+", "#", "+/b", "$share/g/a", "$share/g/#", "$share/h/+/b"]

    /// The packet that two bytes stand for.
    static func packet(_ kind: UInt8, _ argument: UInt8, _ version: ProtocolVersion) -> [UInt8] {
        let packet: Packet?
        do {
            packet = try make(Int(kind), Int(argument), version)
        } catch {
            return []
        }
        guard let packet else { return [] }
        return packet.bytes(version)
    }

    private static func make(_ kind: Int, _ argument: Int, _ version: ProtocolVersion) throws(PacketError) -> Packet? {
        let packetID = try PacketID(UInt16(argument & 3) + 1)
        switch kind & 15 {
        case 7: return try connect(argument)
        case 8: return try publish(argument, packetID, version)
        case 9: return try subscribe(argument, version)
        case 10:
            return .unsubscribe(
                Unsubscribe(
                    packetID: packetID,
                    filters: [
                        try TopicFilter(
                            filters[argument >> 2 & (version.hasSharedSubscriptions ? 7 : 3)], version: version)
                    ]))
        case 11:
            switch argument >> 4 & 3 {
            case 0: return .puback(Puback(packetID: packetID))
            case 1: return .pubrec(Pubrec(packetID: packetID))
            case 2: return .pubrel(Pubrel(packetID: packetID))
            default: return .pubcomp(Pubcomp(packetID: packetID))
            }
        case 12:
            guard version.hasProperties else { return .disconnect(Disconnect()) }
            let properties = argument & 1 == 0 ? [] : [Property.sessionExpiryInterval(UInt32(argument >> 2))]
            return .disconnect(
                Disconnect(
                    reasonCode: argument & 2 == 0 ? .normalDisconnection : .disconnectWithWill,
                    properties: try Properties(properties)))
        default: return .pingreq(Pingreq())
        }
    }

    private static func connect(_ argument: Int) throws(PacketError) -> Packet {
        let version: ProtocolVersion = argument & 1 == 0 ? .v5_0 : argument & 2 == 0 ? .v3_1_1 : .v3_1
        var properties: [Property] = []
        if version.hasProperties {
            if argument & 2 != 0 { properties.append(.sessionExpiryInterval(UInt32(argument) << 4)) }
            if argument & 4 != 0 { properties += [.receiveMaximum(1), .topicAliasMaximum(1)] }
            if argument & 8 != 0 { properties.append(.maximumPacketSize(40)) }
        }
        let will =
            argument & 16 == 0
            ? nil
            : Will(
                topic: try TopicName(topics[argument >> 2 & 3]), payload: [1, 2, 3],
                qos: argument & 4 == 0 ? .atLeastOnce : .exactlyOnce, retain: argument & 8 != 0,
                properties: version.hasProperties && argument & 32 != 0
                    ? try Properties([.willDelayInterval(60)]) : Properties())
        return .connect(
            Connect(
                version: version, clientID: try ClientID(argument & 64 == 0 ? "x" : "y"),
                cleanStart: argument & 128 == 0,
                keepAlive: argument & 32 == 0 ? 0 : 30, will: will, properties: try Properties(properties)))
    }

    private static func publish(
        _ argument: Int, _ packetID: PacketID, _ version: ProtocolVersion
    ) throws(PacketError) -> Packet {
        let qos = QoS(rawValue: UInt8(argument >> 4 & 3)) ?? .exactlyOnce
        var properties: [Property] = []
        if version.hasProperties {
            if argument & 128 != 0 { properties.append(.topicAlias(UInt16(argument & 1) + 1)) }
            if argument & 12 == 12 { properties.append(.messageExpiryInterval(2)) }
        }
        return .publish(
            Publish(
                head: PublishHead(
                    flags: PublishFlags(qos: qos, retain: argument & 64 != 0),
                    topic: try TopicName(topics[argument >> 2 & 3]),
                    packetID: qos == .atMostOnce ? nil : packetID, properties: try Properties(properties)),
                payload: [UInt8](repeating: UInt8(argument), count: argument % 5 == 0 ? 0 : argument % 7 == 0 ? 700 : 9)
            ))
    }

    private static func subscribe(_ argument: Int, _ version: ProtocolVersion) throws(PacketError) -> Packet {
        let filter = try TopicFilter(
            filters[argument & (version.hasSharedSubscriptions ? 7 : 3)], version: version)
        var options = SubscriptionOptions(QoS(rawValue: UInt8(argument >> 3 & 3)) ?? .exactlyOnce)
        var properties: [Property] = []
        if version.hasProperties {
            options.noLocal = argument & 32 != 0 && !filter.isShared
            options.retainAsPublished = argument & 64 != 0
            options.retainHandling = argument & 128 == 0 ? .sendAtSubscribe : .sendIfNew
            if argument & 24 == 24 { properties.append(.subscriptionIdentifier(argument)) }
        }
        return .subscribe(
            Subscribe(
                packetID: .first, subscriptions: [Subscription(filter, options)], properties: try Properties(properties)
            ))
    }
}
