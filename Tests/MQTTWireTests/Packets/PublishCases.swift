import MQTTWire

extension PacketCases {
    static func publish() throws -> [PacketCase] {
        var cases = PacketCases(.toServer)
        let topic = try TopicName("a/b")
        let seven = try PacketID(7)
        let payload: [UInt8] = [0, 0xFF, 0x80]
        cases.accept(
            "QoS 0", .before5, "30 _ 'a/b' 00ff80", .publish(Publish(topic: topic, payload: payload)))
        cases.accept("QoS 0", .only5, "30 _ 'a/b' 00 00ff80", .publish(Publish(topic: topic, payload: payload)))
        cases.accept(
            "no payload, retained", .before5, "31 _ 'a/b'",
            .publish(Publish(topic: topic, payload: [], retain: true)))
        let repeated = PublishHead(
            flags: PublishFlags(qos: .atLeastOnce, isDuplicate: true, retain: true), topic: topic, packetID: seven)
        cases.accept(
            "QoS 1, again, retained", .before5, "3b _ 'a/b' 0007 00ff80",
            .publish(Publish(head: repeated, payload: payload)))
        cases.accept(
            "QoS 1, again, retained", .only5, "3b _ 'a/b' 0007 00 00ff80",
            .publish(Publish(head: repeated, payload: payload)))
        cases.accept(
            "QoS 2 with the highest packet id", .before5, "34 _ 'a/b' ffff",
            .publish(
                Publish(
                    head: PublishHead(
                        flags: PublishFlags(qos: .exactlyOnce), topic: topic, packetID: try PacketID(65535)),
                    payload: [])))
        cases.accept(
            "text beyond ASCII", .before5, "30 _ 0006 c3a9f09f9880",
            .publish(Publish(topic: try TopicName("é😀"), payload: [])))
        cases.accept(
            "MQTT-1.5.4-3: a byte order mark is text", .before5, "30 _ 0004 efbbbf61",
            .publish(Publish(topic: try TopicName("\u{FEFF}a"), payload: [])))
        cases.accept(
            "all properties", .only5,
            "32 _ 'a/b' 0007 _ 01 00 02 ffffffff 03 'x' 08 'r' 09 0000 23 0001 26 '' ''; 00ff80",
            .publish(
                Publish(
                    head: PublishHead(
                        flags: PublishFlags(qos: .atLeastOnce), topic: topic, packetID: seven,
                        properties: try Properties([
                            .payloadFormatIndicator(false), .messageExpiryInterval(.max), .contentType("x"),
                            .responseTopic("r"), .correlationData([]), .topicAlias(1),
                            .userProperty(UserProperty(name: "", value: "")),
                        ])),
                    payload: payload)))
        cases.accept(
            "a topic alias in place of the topic", .only5, "30 _ '' _ 23 ffff; 00ff80",
            .publish(
                Publish(
                    head: PublishHead(topic: nil, properties: try Properties([.topicAlias(65535)])),
                    payload: payload)))
        cases.acceptLoosely(
            "3.1: DUP with QoS 0", .only31, "38 _ 'a/b'", .publish(Publish(topic: topic, payload: [])))
        cases.refusePublications()
        return cases.all
    }

    static func publishToClient() throws -> [PacketCase] {
        var cases = PacketCases(.toClient)
        cases.accept(
            "several subscription identifiers", .only5, "30 _ 'a' _ 0b 01 0b ffffff7f; 61",
            .publish(
                Publish(
                    topic: try TopicName("a"), payload: [0x61],
                    properties: try Properties([.subscriptionIdentifier(1), .subscriptionIdentifier(268_435_455)]))))
        cases.refuse("subscription identifier 0", .only5, "30 _ 'a' _ 0b 00;", .protocolError)
        cases.refuse("a subscription identifier of five bytes", .only5, "30 _ 'a' _ 0b 8080808001;", .malformedPacket)
        cases.refuse("a subscription identifier in too many bytes", .only5, "30 _ 'a' _ 0b 8100;", .malformedPacket)
        return cases.all
    }

    private mutating func refusePublications() {
        refuse("QoS 3", .all, "36 _ 'a' 0001 00", .malformedPacket)
        refuse("DUP with QoS 0", .since311, "38 _ 'a' 00", .malformedPacket)
        refuse("packet id 0", .all, "32 _ 'a' 0000 00", .protocolError)
        refuse("a # in the topic", .all, "30 _ 'a/#' 00", .malformedPacket)
        refuse("a + in the topic", .all, "30 _ '+/a' 00", .malformedPacket)
        refuse("an empty topic", .before5, "30 _ '' 00", .malformedPacket)
        refuse("an empty topic without alias", .only5, "30 _ '' 00", .protocolError)
        refuse("topic alias 0", .only5, "30 _ 'a' _ 23 0000;", .topicAliasInvalid)
        refuse("two topic aliases", .only5, "30 _ 'a' _ 23 0001 23 0001;", .protocolError)
        refuse("a subscription identifier from a client", .only5, "30 _ 'a' _ 0b 01;", .protocolError)
        refuse("payload format indicator 2", .only5, "30 _ 'a' _ 01 02;", .protocolError)
        refuse("U+0000 in the topic", .all, "30 _ 0003 610062 00", .malformedPacket)
        refuse("no UTF-8 in the topic", .all, "30 _ 0002 61ff 00", .malformedPacket)
        refuse("UTF-8 cut off in the topic", .all, "30 _ 0002 61c3 00", .malformedPacket)
        refuse("a surrogate in the topic", .all, "30 _ 0003 edbfbf 00", .malformedPacket)
        refuse("a topic longer than the packet", .all, "30 02 0001", .malformedPacket)
        refuse("nothing", .all, "30 00", .malformedPacket)
        refuse("no packet id", .all, "32 _ 'a' 00", .malformedPacket)
        refuse("no properties", .only5, "30 _ 'a'", .malformedPacket)
        refuse("properties longer than the packet", .only5, "30 _ 'a' 05 00", .malformedPacket)
    }
}
