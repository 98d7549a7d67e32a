import MQTTWire

extension Operation {
    static let packets: [Operation] = made("packets") {
        let topic = try TopicName("TOCLOUD/STATUS/gateway-0001")
        let publish = Publish(topic: topic, payload: Bytes.hundred)
        let properties = try Properties([
            .messageExpiryInterval(60), .contentType("application/json"), .correlationData([1, 2, 3, 4]),
        ])
        let full = Publish(topic: topic, payload: Bytes.hundred, properties: properties)
        let plain = Connect(
            version: .v5_0, clientID: try ClientID("gateway-0001"),
            properties: try Properties([.sessionExpiryInterval(3600), .receiveMaximum(20)]))
        let connect = Connect(
            version: .v5_0, clientID: try ClientID("gateway-0001"), keepAlive: 60, userName: "gateway-0001",
            password: Array("correct horse".utf8),
            properties: try Properties([
                .sessionExpiryInterval(3600), .receiveMaximum(20), .maximumPacketSize(1 << 20),
                .userProperty(UserProperty(name: "model", value: "G-7")),
            ]))
        let filters = [
            "TOGATEWAY/UPGRADE", "TOGATEWAY/LATEST_VERSION", "TOGATEWAY/AVAILABLE_VERSIONS",
            "TOGATEWAY/DOWNLOAD_UPGRADE",
        ]
        let subscribe = Subscribe(
            packetID: .first,
            subscriptions: try filters.map { Subscription(try TopicFilter($0), SubscriptionOptions(.atLeastOnce)) })
        return
            try bothWays("PUBLISH of 100 B, 3.1.1", publish, .v3_1_1)
            + bothWays("PUBLISH of 100 B, 5.0", publish, .v5_0)
            + bothWays("PUBLISH of 100 B with 3 properties", full, .v5_0)
            + [
                layout("PUBLISH head of QoS 0, look at", publish),
                heads("10 PUBLISH heads into one buffer, encode", topic),
                head("PUBLISH head of QoS 0, encode", topic, PublishFlags(), nil),
                head("PUBLISH head of QoS 1, encode", topic, PublishFlags(qos: .atLeastOnce), .first),
            ]
            + bothWays("CONNECT with 2 properties", plain, .v5_0)
            + bothWays("CONNECT with 4 properties, name, password", connect, .v5_0)
            + bothWays("SUBSCRIBE to 4 filters", subscribe, .v5_0)
            + bothWays("PUBACK", Puback(packetID: .first), .v5_0)
    }

    private static func bothWays<Packet: ControlPacket>(
        _ name: String, _ packet: Packet, _ version: ProtocolVersion
    ) throws -> [Operation] {
        let context = PacketContext(version: version, direction: .toServer)
        let bytes = try packet.encoded(in: context)
        return [
            Operation("\(name), decode") {
                guard let header = try FixedHeader.decode(bytes.span) else { return Packet?.none }
                return try Packet(
                    header: header, body: bytes.span.extracting(droppingFirst: header.length), in: context)
            },
            Operation("\(name), encode") { try packet.encoded(in: context) },
        ]
    }

    /// As a server does it, which leaves the payload where it is.
    private static func layout(_ name: String, _ publish: Publish) throws -> Operation {
        let context = PacketContext(version: .v5_0, direction: .toServer)
        let bytes = try publish.encoded(in: context)
        return Operation(name) {
            guard let header = try FixedHeader.decode(bytes.span) else { return PublishLayout?.none }
            let body = bytes.span.extracting(droppingFirst: header.length)
            return try PublishLayout.decode(header: header, prefix: body, in: context)
        }
    }

    /// As a client does it, whose packets go out together.
    private static func heads(_ name: String, _ topic: TopicName) -> Operation {
        let context = PacketContext(version: .v5_0, direction: .toServer)
        let head = PublishHead(topic: topic)
        return Operation(name) {
            var buffer: [UInt8] = []
            buffer.reserveCapacity(1000)
            for _ in 0..<10 { try head.encode(payloadLength: Bytes.hundred.count, in: context, into: &buffer) }
            return buffer
        }
    }

    /// As a server does it for each subscriber.
    private static func head(
        _ name: String, _ topic: TopicName, _ flags: PublishFlags, _ packetID: PacketID?
    ) -> Operation {
        let context = PacketContext(version: .v5_0, direction: .toClient)
        return Operation(name) {
            var head: [UInt8] = []
            try PublishHead.encode(
                flags, topic: topic.bytes.span, packetID: packetID, properties: Properties(),
                payloadLength: Bytes.hundred.count, in: context, into: &head)
            return head
        }
    }
}
