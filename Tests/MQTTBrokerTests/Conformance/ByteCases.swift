import MQTTWire

/// Bytes of a client, and the bytes of the broker that they get.
struct ByteCase: Sendable {
    /// What happens to the connection.
    enum End: Sendable {
        /// It stays open.
        case open
        /// It is closed after the answer. A 5.0 client is told the reason code before: in CONNACK if it was not let in, else in DISCONNECT.
        case closed(ReasonCode)
    }

    /// The numbers of the statements, and what it is about.
    let name: String
    let versions: [ProtocolVersion]
    /// What the client sends after CONNACK, in the notation of ``hex(_:)``. In 5.0 a `P` is a property length of 0, before it is nothing.
    let sent: String
    /// What comes back before the end.
    let answer: String
    let end: End

    init(_ name: String, _ versions: [ProtocolVersion], _ sent: String, _ answer: String = "", _ end: End = .open) {
        (self.name, self.versions, self.sent, self.answer, self.end) = (name, versions, sent, answer, end)
    }

    static let all = ProtocolVersion.allCases
    static let since311: [ProtocolVersion] = [.v3_1_1, .v5_0]
    static let only311: [ProtocolVersion] = [.v3_1_1]
    static let before5: [ProtocolVersion] = [.v3_1, .v3_1_1]
    static let only5: [ProtocolVersion] = [.v5_0]

    // MARK: CONNECT, by bytes alone

    static let connects: [ByteCase] = [
        ByteCase(
            "MQTT-3.1.4-5, MQTT-3.1.3-1, MQTT-3.1.3-3, MQTT-3.1.3-5", only311, "10 _ 'MQTT' 04 02 0000 '0aZ'",
            "20 02 0000"),
        ByteCase(
            "MQTT-3.1.2-9, MQTT-3.1.2-17, MQTT-3.1.2-19, MQTT-3.1.3-1: all fields", only311,
            "10 _ 'MQTT' 04 f6 0000 'c' 'w' 'x' 'u' 'p'", "20 02 0000"),
        ByteCase(
            "MQTT-3.1.2-9: the will's fields are missing", only311, "10 _ 'MQTT' 04 06 0000 'c'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.2-17: the user name is missing", only311, "10 _ 'MQTT' 04 82 0000 'c'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.2-19: the password is missing", only5, "10 _ 'MQTT' 05 42 0000 00 'c'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.2-16, MQTT-3.1.2-18: a field without its flag", only311, "10 _ 'MQTT' 04 02 0000 'c' 'u'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.2-16, MQTT-3.1.2-18: a field without its flag", only5, "10 _ 'MQTT' 05 02 0000 00 'c' 'u'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT3-3.1.2-22: a password without user name", only311, "10 _ 'MQTT' 04 42 0000 'c' 'p'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.2-1: another protocol", only311, "10 _ 'MQIT' 04 02 0000 'c'", "20 02 0001", .closed(.success)),
        ByteCase(
            "MQTT-3.1.2-2: an old version", only311, "10 _ 'MQTT' 02 02 0000 'c'", "20 02 0001", .closed(.success)),
        ByteCase(
            "MQTT-3.1.2-2: a future version", only5, "10 _ 'MQTT' 06 02 0000 00 'c'", "",
            .closed(.unsupportedProtocolVersion)),
        ByteCase(
            "MQTT-3.1.2-3, MQTT3-3.1.4-1, MQTT3-3.2.2-6: the reserved flag", only311, "10 _ 'MQTT' 04 03 0000 'c'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.2-3, MQTT-3.1.4-1, MQTT-3.1.4-2: the reserved flag", only5, "10 _ 'MQTT' 05 03 0000 00 'c'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.2-11: will QoS without will", only311, "10 _ 'MQTT' 04 0a 0000 'c'", "", .closed(.malformedPacket)
        ),
        ByteCase(
            "MQTT-3.1.2-12: will QoS 3", only5, "10 _ 'MQTT' 05 1e 0000 00 'c' 00 'w' ''", "", .closed(.malformedPacket)
        ),
        ByteCase(
            "MQTT-3.1.2-13: will retain without will", only5, "10 _ 'MQTT' 05 22 0000 00 'c'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-2.1.3-1: flags of CONNECT", only5, "11 _ 'MQTT' 05 02 0000 00 'c'", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.3-4, MQTT-1.5.4-1: client id", only311, "10 _ 'MQTT' 04 02 0000 0003 eda080", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.3-4, MQTT-1.5.4-2: client id", only5, "10 _ 'MQTT' 05 02 0000 00 0003 610062", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.3-11: will topic", only311, "10 _ 'MQTT' 04 06 0000 'c' 0002 c0af 'x'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.1.3-12: user name", only311, "10 _ 'MQTT' 04 82 0000 'c' 0001 ff", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT3-3.1.3-8, MQTT-3.1.3-8, MQTT-3.2.2-6: empty client id without clean session", only311,
            "10 _ 'MQTT' 04 00 0000 ''", "20 02 0002", .closed(.success)),
        ByteCase(
            "MQTT-3.1.3-8: 3.1 has no empty client id", [.v3_1], "10 _ 'MQIsdp' 03 02 0000 ''", "20 02 0002",
            .closed(.success)),
        ByteCase(
            "section 3.1.2.11: a property twice", only5, "10 _ 'MQTT' 05 02 0000 _ 21 0001 21 0001; 'c'", "",
            .closed(.protocolError)),
        ByteCase(
            "MQTT-1.5.5-1: a property length in too many bytes", only5, "10 _ 'MQTT' 05 02 0000 8000 'c'", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-1.5.7-1: a user property that is no text", only5, "10 _ 'MQTT' 05 02 0000 _ 26 'a' 0001 ff; 'c'", "",
            .closed(.malformedPacket)),
    ]

    // MARK: After CONNACK

    static let packets: [ByteCase] = [
        ByteCase("MQTT-3.12.4-1: PINGREQ", all, "c0 00", "d0 00"),
        ByteCase("MQTT-2.1.3-1: flags of PINGREQ", since311, "c1 00", "", .closed(.malformedPacket)),
        ByteCase("MQTT-1.5.5-1: a length in too many bytes", only5, "c0 8000", "", .closed(.malformedPacket)),
        ByteCase("section 2.1.2: packet type 0", all, "00 00", "", .closed(.malformedPacket)),
        ByteCase("MQTT-4.13.1-1: a packet for clients", all, "d0 00", "", .closed(.protocolError)),
        ByteCase("MQTT-3.1.0-2: CONNECT again", only311, "10 _ 'MQTT' 04 02 0000 'c'", "", .closed(.protocolError)),
        // PUBLISH
        ByteCase(
            "MQTT-4.3.2-4, MQTT-2.2.1-5, MQTT-3.4.2-1, MQTT-3.3.4-1: PUBACK", before5, "32 _ 'n' 0102 'x'", "40 02 0102"
        ),
        ByteCase(
            "MQTT-4.3.2-4, MQTT-2.2.1-5, MQTT-3.4.2-1, MQTT-3.3.4-1: PUBACK", only5, "32 _ 'n' 0102 00 'x'",
            "40 03 0102 10"),
        ByteCase(
            "MQTT-4.3.2-5: the same packet id again", before5, "32 _ 'n' 0001; 3a _ 'n' 0001", "40 02 0001 40 02 0001"),
        ByteCase(
            "MQTT-4.3.3-8, MQTT-4.3.3-11, MQTT-3.7.2-1: QoS 2", before5, "34 _ 'n' 0007; 62 02 0007",
            "50 02 0007 70 02 0007"),
        ByteCase(
            "MQTT-4.3.3-8, MQTT-4.3.3-11, MQTT-3.5.2-1: QoS 2", only5, "34 _ 'n' 0007 00; 62 02 0007",
            "50 03 0007 10 70 02 0007"),
        ByteCase("MQTT-3.7.2-1: PUBREL out of nowhere", only5, "62 02 0009", "70 03 0009 92"),
        ByteCase("MQTT-3.6.2-1: PUBREC out of nowhere", only5, "50 02 0009", "62 03 0009 92"),
        ByteCase("MQTT-3.6.1-1: flags of PUBREL", since311, "60 02 0001", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.6.2-1: a code of another packet in PUBREL", only5, "62 03 0001 97", "", .closed(.protocolError)),
        ByteCase(
            "MQTT-3.4.2-1, MQTT-3.5.2-1: a code of another packet in PUBREC", only5, "50 03 0001 01", "",
            .closed(.protocolError)),
        ByteCase("MQTT-3.3.1-4: QoS 3", all, "36 _ 'n' 0001 P", "", .closed(.malformedPacket)),
        ByteCase("MQTT-3.3.1-2: DUP at QoS 0", since311, "38 _ 'n' P", "", .closed(.malformedPacket)),
        ByteCase("MQTT-2.2.1-3: packet id 0", all, "32 _ 'n' 0000 P", "", .closed(.protocolError)),
        ByteCase("MQTT-2.2.1-2: at QoS 0 there is no packet id, but payload", before5, "30 _ 'n' 0000; c0 00", "d0 00"),
        ByteCase(
            "MQTT-3.3.2-2, MQTT-4.7.0-1: a wildcard in a topic name", all, "30 _ 'a/#' P", "", .closed(.malformedPacket)
        ),
        ByteCase(
            "MQTT-3.3.2-1, MQTT-1.5.4-1: no text in a topic name", all, "30 _ 0002 61ff P", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-4.7.3-2, MQTT-1.5.4-2: U+0000 in a topic name", all, "30 _ 0003 610062 P", "",
            .closed(.malformedPacket)),
        ByteCase("MQTT-4.7.3-1, MQTT-3.3.2-1: an empty topic name", before5, "30 _ ''", "", .closed(.malformedPacket)),
        ByteCase("MQTT-2.2.2-1: no property length", only5, "30 _ 'n'", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.3.2-1: an empty topic name without alias", only5, "30 _ '' 00 61", "", .closed(.protocolError)),
        ByteCase("MQTT-3.3.2-8: topic alias 0", only5, "30 _ 'n' _ 23 0000;", "", .closed(.topicAliasInvalid)),
        ByteCase(
            "MQTT-3.3.2-9: topic alias above the maximum", only5, "30 _ 'n' _ 23 0011;", "", .closed(.topicAliasInvalid)
        ),
        ByteCase(
            "MQTT-3.3.2-13: no text in Response Topic", only5, "30 _ 'n' _ 08 0001 ff;", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.3.2-14: a wildcard in Response Topic", only5, "30 _ 'n' _ 08 '+';", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.3.2-19: no text in Content Type", only5, "30 _ 'n' _ 03 0001 80;", "", .closed(.malformedPacket)),
        ByteCase("MQTT-3.3.4-6: a Subscription Identifier", only5, "30 _ 'n' _ 0b 01;", "", .closed(.protocolError)),
        ByteCase("section 2.2.2.2: an unknown property", only5, "30 _ 'n' _ 7f 01;", "", .closed(.malformedPacket)),
        ByteCase(
            "section 2.2.2.2: a property of another packet", only5, "30 _ 'n' _ 11 00000000;", "",
            .closed(.malformedPacket)),
        ByteCase("section 3.3.2.3: a property twice", only5, "30 _ 'n' _ 01 01 01 01;", "", .closed(.protocolError)),
        // SUBSCRIBE
        ByteCase(
            "MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-2.2.1-6, MQTT-3.8.4-6, MQTT-3.8.4-7, MQTT-3.9.3-1", before5,
            "82 _ 0a0b 'a' 02 'b' 00 'c' 01", "90 05 0a0b 020001"),
        ByteCase(
            "MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-3.8.4-6, MQTT-3.9.3-1, MQTT-3.9.3-2", only5,
            "82 _ 0a0b 00 'a' 02 'b' 00 'c' 01", "90 06 0a0b 00 020001"),
        ByteCase("MQTT-3.8.1-1: flags", since311, "80 _ 0001 P 'a' 00", "", .closed(.malformedPacket)),
        ByteCase("MQTT-3.8.3-1: no text in a filter", all, "82 _ 0001 P 0001 ff 00", "", .closed(.malformedPacket)),
        ByteCase("MQTT-3.8.3-2: no filter", all, "82 _ 0001 P", "", .closed(.protocolError)),
        ByteCase(
            "MQTT-3.8.3-4: No Local on a shared subscription", only5, "82 _ 0001 00 '$share/g/t' 04", "",
            .closed(.protocolError)),
        ByteCase("MQTT-3.8.3-5: reserved bits", only5, "82 _ 0001 00 'a' 80", "", .closed(.malformedPacket)),
        ByteCase("MQTT-3.8.3-5: reserved bits", only311, "82 _ 0001 'a' 04", "", .closed(.malformedPacket)),
        ByteCase("section 3.8.3.1: QoS 3", all, "82 _ 0001 P 'a' 03", "", .closed(.protocolError)),
        ByteCase("section 3.8.3.1: Retain Handling 3", only5, "82 _ 0001 00 'a' 30", "", .closed(.protocolError)),
        ByteCase(
            "section 3.8.2.1.2: Subscription Identifier 0", only5, "82 _ 0001 _ 0b 00; 'a' 00", "",
            .closed(.protocolError)),
        ByteCase("MQTT-4.7.1-1: a # within", all, "82 _ 0001 P 'a/#/b' 00", "", .closed(.malformedPacket)),
        ByteCase("MQTT-4.7.1-2: a + within a level", all, "82 _ 0001 P 'a+' 00", "", .closed(.malformedPacket)),
        ByteCase("MQTT-4.7.3-1: an empty filter", all, "82 _ 0001 P '' 00", "", .closed(.malformedPacket)),
        ByteCase("MQTT-4.7.3-2: U+0000 in a filter", all, "82 _ 0001 P 0001 00 00", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT-4.8.2-1: a share without name", only5, "82 _ 0001 00 '$share//t' 00", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT-4.8.2-2: a wildcard in a share's name", only5, "82 _ 0001 00 '$share/+/t' 00", "",
            .closed(.malformedPacket)),
        ByteCase(
            "MQTT-4.8.2-2: a share without filter", only5, "82 _ 0001 00 '$share/g' 00", "", .closed(.malformedPacket)),
        // UNSUBSCRIBE
        ByteCase(
            "MQTT-3.10.4-4, MQTT-3.10.4-5, MQTT-2.2.1-6: nothing was there", before5, "a2 _ 0c0d 'a'", "b0 02 0c0d"),
        ByteCase(
            "MQTT-3.10.4-5, MQTT-3.10.4-6, MQTT-3.11.3-1, MQTT-3.11.3-2", only5,
            "82 _ 0001 00 'b' 00; a2 _ 0c0d 00 'a' 'b'", "90 04 0001 00 00 b0 05 0c0d 00 1100"),
        ByteCase("MQTT-3.10.1-1: flags", since311, "a0 _ 0001 P 'a'", "", .closed(.malformedPacket)),
        ByteCase("MQTT-3.10.3-1: no text in a filter", all, "a2 _ 0001 P 0001 ff", "", .closed(.malformedPacket)),
        ByteCase("MQTT-3.10.3-2: no filter", all, "a2 _ 0001 P", "", .closed(.protocolError)),
        // DISCONNECT, AUTH
        ByteCase("MQTT-3.14.1-1: flags of DISCONNECT", since311, "e1 00", "", .closed(.malformedPacket)),
        ByteCase("MQTT-3.14.2-1: a server's code", only5, "e0 01 8b", "", .closed(.protocolError)),
        ByteCase("MQTT-3.15.1-1: flags of AUTH", only5, "f1 00", "", .closed(.malformedPacket)),
        ByteCase(
            "MQTT-3.15.2-1, MQTT-4.12.0-7: AUTH without method in CONNECT", only5, "f0 _ 19 _ 15 'm';", "",
            .closed(.protocolError)),
        ByteCase("MQTT-4.13.1-1: AUTH before 5.0", before5, "f0 00", "", .closed(.protocolError)),
    ]
}
