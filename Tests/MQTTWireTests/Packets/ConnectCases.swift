import MQTTWire

extension PacketCases {
    static func connect() throws -> [PacketCase] {
        var cases = PacketCases(.toServer)
        let gw = try ClientID("gw")
        cases.accept(
            "plain", .only31, "10 _ 'MQIsdp' 03 02 003c 'gw'", .connect(Connect(version: .v3_1, clientID: gw)))
        cases.accept(
            "plain", .only311, "10 _ 'MQTT' 04 02 003c 'gw'", .connect(Connect(version: .v3_1_1, clientID: gw)))
        cases.accept(
            "plain", .only5, "10 _ 'MQTT' 05 02 003c _; 'gw'", .connect(Connect(version: .v5_0, clientID: gw)))
        cases.accept(
            "everything", .only311,
            "10 _ 'MQTT' 04 f4 ffff 'gw' 'will/topic' 'gone' 'user' 'password'",
            .connect(
                Connect(
                    version: .v3_1_1, clientID: gw, cleanStart: false, keepAlive: 65535,
                    will: Will(
                        topic: try TopicName("will/topic"), payload: [UInt8]("gone".utf8), qos: .exactlyOnce,
                        retain: true),
                    userName: "user", password: [UInt8]("password".utf8))))
        cases.accept(
            "everything", .only5,
            """
            10 _ 'MQTT' 05 ee 000a _ 11 0000001e 15 'SCRAM' 16 0002 00ff 17 00 19 01 21 0014 22 0005 26 'k' 'v' \
            26 'k' 'w' 27 00010000 ; 'gw' _ 01 01 02 0000003c 03 'text/plain' 08 'answer/to' 09 0001 aa \
            18 00000005 26 'a' 'b' ; 'will' 'bye' 'user' 0003 ff0001
            """,
            .connect(
                Connect(
                    version: .v5_0, clientID: gw, keepAlive: 10,
                    will: Will(
                        topic: try TopicName("will"), payload: [UInt8]("bye".utf8), qos: .atLeastOnce, retain: true,
                        properties: try Properties([
                            .payloadFormatIndicator(true), .messageExpiryInterval(60), .contentType("text/plain"),
                            .responseTopic("answer/to"), .correlationData([0xAA]), .willDelayInterval(5),
                            .userProperty(UserProperty(name: "a", value: "b")),
                        ])),
                    userName: "user", password: [0xFF, 0, 1],
                    properties: try Properties([
                        .sessionExpiryInterval(30), .authenticationMethod("SCRAM"), .authenticationData([0, 0xFF]),
                        .requestProblemInformation(false), .requestResponseInformation(true), .receiveMaximum(20),
                        .topicAliasMaximum(5), .userProperty(UserProperty(name: "k", value: "v")),
                        .userProperty(UserProperty(name: "k", value: "w")), .maximumPacketSize(65536),
                    ]))))
        cases.accept(
            "an empty client id with clean session", .only311, "10 _ 'MQTT' 04 02 003c ''",
            .connect(Connect(version: .v3_1_1, clientID: try ClientID(""))))
        cases.accept(
            "an empty client id without clean start", .only5, "10 _ 'MQTT' 05 00 003c 00 ''",
            .connect(Connect(version: .v5_0, clientID: try ClientID(""), cleanStart: false)))
        cases.accept(
            "a password without user name", .only5, "10 _ 'MQTT' 05 42 003c 00 'gw' 'pw'",
            .connect(Connect(version: .v5_0, clientID: gw, password: [UInt8]("pw".utf8))))
        cases.acceptLoosely(
            "3.1: reserved bit, header flags and unused will flags are not looked at", .only31,
            "1f _ 'MQIsdp' 03 3b 003c 'gw'", .connect(Connect(version: .v3_1, clientID: gw)))
        cases.acceptLoosely(
            "3.1: user name and password flags without the fields", .only31, "10 _ 'MQIsdp' 03 c2 003c 'gw'",
            .connect(Connect(version: .v3_1, clientID: gw)))
        cases.acceptLoosely(
            "3.1: password flag without the field", .only31, "10 _ 'MQIsdp' 03 c2 003c 'gw' 'user'",
            .connect(Connect(version: .v3_1, clientID: gw, userName: "user")))
        cases.acceptLoosely(
            "a length with more bytes than needed", .only311, "10 8e00 'MQTT' 04 02 003c 'gw'",
            .connect(Connect(version: .v3_1_1, clientID: gw)))
        cases.refuse(
            "a length with more bytes than needed", .only5, "10 8f00 'MQTT' 05 02 003c 00 'gw'", .malformedPacket)
        cases.refuseVersions()
        cases.refuseFields()
        return cases.all
    }

    private mutating func refuseVersions() {
        refuse("level 6", .all, "10 _ 'MQTT' 06 02 003c 'gw'", .unsupportedProtocolVersion)
        refuse("level 3 of MQTT", .all, "10 _ 'MQTT' 03 02 003c 'gw'", .unsupportedProtocolVersion)
        refuse("level 4 of MQIsdp", .all, "10 _ 'MQIsdp' 04 02 003c 'gw'", .unsupportedProtocolVersion)
        refuse("another protocol", .all, "10 _ 'HTTP' 04 02 003c 'gw'", .unsupportedProtocolVersion)
        refuse("a bridge's level", .all, "10 _ 'MQTT' 84 02 003c 'gw'", .unsupportedProtocolVersion)
    }

    private mutating func refuseFields() {
        refuse("an empty client id", .only31, "10 _ 'MQIsdp' 03 02 003c ''", .clientIdentifierNotValid)
        refuse(
            "an empty client id without clean session", .only311, "10 _ 'MQTT' 04 00 003c ''",
            .clientIdentifierNotValid)
        refuse("header flags", .since311, "11 _ 'MQTT' 04 02 003c 'gw'", .malformedPacket)
        refuse("the reserved flag", .only311, "10 _ 'MQTT' 04 03 003c 'gw'", .malformedPacket)
        refuse("the reserved flag", .only5, "10 _ 'MQTT' 05 03 003c 00 'gw'", .malformedPacket)
        refuse("will QoS without will", .only311, "10 _ 'MQTT' 04 0a 003c 'gw'", .malformedPacket)
        refuse("will retain without will", .only5, "10 _ 'MQTT' 05 22 003c 00 'gw'", .malformedPacket)
        refuse("will QoS 3", .only31, "10 _ 'MQIsdp' 03 1e 003c 'gw' 'w' ''", .malformedPacket)
        refuse("will QoS 3", .only5, "10 _ 'MQTT' 05 1e 003c 00 'gw' 00 'w' ''", .malformedPacket)
        refuse("a password without user name", .only31, "10 _ 'MQIsdp' 03 42 003c 'gw' 'pw'", .malformedPacket)
        refuse("a password without user name", .only311, "10 _ 'MQTT' 04 42 003c 'gw' 'pw'", .malformedPacket)
        refuse("user name missing", .only311, "10 _ 'MQTT' 04 82 003c 'gw'", .malformedPacket)
        refuse("a wildcard in the will topic", .only311, "10 _ 'MQTT' 04 06 003c 'gw' 'a/#' ''", .malformedPacket)
        refuse("an empty will topic", .only311, "10 _ 'MQTT' 04 06 003c 'gw' '' ''", .malformedPacket)
        refuse("left-over bytes", .only311, "10 _ 'MQTT' 04 02 003c 'gw' 00", .malformedPacket)
        refuse("U+0000 in the client id", .only311, "10 _ 'MQTT' 04 02 003c 0003 670077", .malformedPacket)
        refuse("a surrogate in the client id", .only311, "10 _ 'MQTT' 04 02 003c 0003 eda080", .malformedPacket)
        refuse(
            "an overlong form in the user name", .only311, "10 _ 'MQTT' 04 82 003c 'gw' 0002 c0af", .malformedPacket)
        refuse(
            "authentication data without method", .only5, "10 _ 'MQTT' 05 02 003c _ 16 0001 00; 'gw'", .protocolError)
        refuse("receive maximum 0", .only5, "10 _ 'MQTT' 05 02 003c _ 21 0000; 'gw'", .protocolError)
        refuse("maximum packet size 0", .only5, "10 _ 'MQTT' 05 02 003c _ 27 00000000; 'gw'", .protocolError)
        refuse("request problem information 2", .only5, "10 _ 'MQTT' 05 02 003c _ 17 02; 'gw'", .protocolError)
        refuse("properties longer than the packet", .only5, "10 _ 'MQTT' 05 02 003c 7f 'gw'", .malformedPacket)
        refuse("a property cut off", .only5, "10 _ 'MQTT' 05 02 003c 03 11 0000 'gw'", .malformedPacket)
        refuse("a property length of two bytes for 0", .only5, "10 _ 'MQTT' 05 02 003c 8000 'gw'", .malformedPacket)
        refuse("an unknown property", .only5, "10 _ 'MQTT' 05 02 003c _ 7e 00; 'gw'", .malformedPacket)
        refuse(
            "a response topic with wildcard", .only5, "10 _ 'MQTT' 05 06 003c 00 'gw' _ 08 '#'; 'w' ''",
            .malformedPacket)
    }
}
