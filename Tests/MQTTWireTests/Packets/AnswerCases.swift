import MQTTWire

extension PacketCases {
    static func connack() throws -> [PacketCase] {
        var cases = PacketCases(.toClient)
        cases.accept("accepted", .before5, "20 02 0000", .connack(Connack(reasonCode: .success)))
        cases.accept("accepted", .only5, "20 03 000000", .connack(Connack(reasonCode: .success)))
        cases.accept(
            "session present", .only311, "20 02 0100", .connack(Connack(sessionPresent: true, reasonCode: .success)))
        cases.acceptLoosely("3.1: reserved byte", .only31, "20 02 ff00", .connack(Connack(reasonCode: .success)))
        let codes: [ReasonCode] = [
            .unsupportedProtocolVersion, .clientIdentifierNotValid, .serverUnavailable, .badUserNameOrPassword,
            .notAuthorized,
        ]
        for (index, code) in codes.enumerated() {
            cases.accept(
                "refused \(code)", .before5, "20 02 00 0\(index + 1)", .connack(Connack(reasonCode: code)))
        }
        cases.accept(
            "all properties", .only5,
            """
            20 _ 01 00 _ 11 00000001 12 'x' 13 0005 15 'm' 16 0000 1a 'i' 1c 's' 1f 'r' 21 0001 22 0000 24 01 25 00 \
            26 'a' 'b' 27 00000001 28 00 29 01 2a 00;
            """,
            .connack(
                Connack(
                    sessionPresent: true, reasonCode: .success,
                    properties: try Properties([
                        .sessionExpiryInterval(1), .assignedClientIdentifier("x"), .serverKeepAlive(5),
                        .authenticationMethod("m"), .authenticationData([]), .responseInformation("i"),
                        .serverReference("s"), .reasonString("r"), .receiveMaximum(1), .topicAliasMaximum(0),
                        .maximumQoS(.atLeastOnce), .retainAvailable(false),
                        .userProperty(UserProperty(name: "a", value: "b")), .maximumPacketSize(1),
                        .wildcardSubscriptionAvailable(false), .subscriptionIdentifierAvailable(true),
                        .sharedSubscriptionAvailable(false),
                    ]))))
        cases.refuse("return code 6", .before5, "20 02 0006", .protocolError)
        cases.refuse("a code of another packet", .only5, "20 03 001000", .protocolError)
        cases.refuse("reserved flags", .since311, "20 03 020000", .malformedPacket)
        cases.refuse("session present beside a failure", .only311, "20 02 0105", .protocolError)
        cases.refuse("session present beside a failure", .only5, "20 03 018700", .protocolError)
        cases.refuse("maximum QoS 2", .only5, "20 _ 00 00 _ 24 02;", .protocolError)
        cases.refuse("left-over bytes", .before5, "20 03 000000", .malformedPacket)
        cases.refuse("cut off", .all, "20 01 00", .malformedPacket)
        return cases.all
    }

    static func acknowledgements(_ direction: PacketDirection) throws -> [PacketCase] {
        var cases = PacketCases(direction)
        let id = try PacketID(0x1234)
        let reason = try Properties([.reasonString("why"), .userProperty(UserProperty(name: "a", value: "b"))])
        cases.accept("PUBACK", .all, "40 02 1234", .puback(Puback(packetID: id)))
        cases.accept("PUBREC", .all, "50 02 1234", .pubrec(Pubrec(packetID: id)))
        cases.accept("PUBREL", .all, "62 02 1234", .pubrel(Pubrel(packetID: id)))
        cases.accept("PUBCOMP", .all, "70 02 1234", .pubcomp(Pubcomp(packetID: id)))
        cases.accept(
            "PUBACK with code", .only5, "40 03 1234 97", .puback(Puback(packetID: id, reasonCode: .quotaExceeded)))
        cases.accept(
            "PUBREC with code", .only5, "50 03 1234 10",
            .pubrec(Pubrec(packetID: id, reasonCode: .noMatchingSubscribers)))
        cases.accept(
            "PUBREL with code", .only5, "62 03 1234 92",
            .pubrel(Pubrel(packetID: id, reasonCode: .packetIdentifierNotFound)))
        cases.accept(
            "PUBCOMP with properties", .only5, "70 _ 1234 00 _ 1f 'why' 26 'a' 'b';",
            .pubcomp(Pubcomp(packetID: id, properties: reason)))
        cases.accept(
            "PUBACK with code and properties", .only5, "40 _ 1234 80 _ 1f 'why' 26 'a' 'b';",
            .puback(Puback(packetID: id, reasonCode: .unspecifiedError, properties: reason)))
        cases.acceptLoosely("PUBACK with a needless code", .only5, "40 03 1234 00", .puback(Puback(packetID: id)))
        cases.acceptLoosely("PUBREC with needless lengths", .only5, "50 04 1234 00 00", .pubrec(Pubrec(packetID: id)))
        cases.acceptLoosely("3.1: PUBREL with DUP", .only31, "6a 02 1234", .pubrel(Pubrel(packetID: id)))
        cases.acceptLoosely("3.1: PUBACK with flags", .only31, "4f 02 1234", .puback(Puback(packetID: id)))
        cases.refuse("PUBACK with flags", .since311, "42 02 1234", .malformedPacket)
        cases.refuse("PUBREL without its flag", .since311, "60 02 1234", .malformedPacket)
        for first in ["40", "50", "62", "70"] {
            cases.refuse("\(first) with packet id 0", .all, "\(first) 02 0000", .protocolError)
            cases.refuse("\(first) cut off", .all, "\(first) 01 12", .malformedPacket)
            cases.refuse("\(first) with left-over bytes", .before5, "\(first) 03 123400", .malformedPacket)
            cases.refuse("\(first) with code 1", .only5, "\(first) 03 123401", .protocolError)
            cases.refuse("\(first) with bytes after the properties", .only5, "\(first) 05 1234000000", .malformedPacket)
        }
        cases.refuse("PUBREL with a code of PUBACK", .only5, "62 03 1234 97", .protocolError)
        return cases.all
    }
}
