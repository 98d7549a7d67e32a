import MQTTWire

extension PacketCases {
    static func subscriptions() throws -> [PacketCase] {
        var cases = PacketCases(.toServer)
        let id = try PacketID(10)
        func filter(_ text: String, _ version: ProtocolVersion = .v5_0) throws -> TopicFilter {
            try TopicFilter(text, version: version)
        }
        let two = Subscribe(
            packetID: id,
            subscriptions: [
                Subscription(try filter("a/+/#"), SubscriptionOptions(.atLeastOnce)),
                Subscription(try filter("b"), SubscriptionOptions(.exactlyOnce)),
            ])
        cases.accept("two filters", .before5, "82 _ 000a 'a/+/#' 01 'b' 02", .subscribe(two))
        cases.accept("two filters", .only5, "82 _ 000a 00 'a/+/#' 01 'b' 02", .subscribe(two))
        cases.accept(
            "a shared filter is a filter like any other", .before5, "82 _ 000a '$share/g' 00",
            .subscribe(
                Subscribe(
                    packetID: id,
                    subscriptions: [
                        Subscription(try filter("$share/g", .v3_1_1), SubscriptionOptions(.atMostOnce))
                    ])))
        cases.accept(
            "all options and properties", .only5, "82 _ 000a _ 0b 8001 26 'a' 'b'; '$share/g/x' 28 'y' 1e",
            .subscribe(
                Subscribe(
                    packetID: id,
                    subscriptions: [
                        Subscription(
                            try filter("$share/g/x"),
                            SubscriptionOptions(.atMostOnce, retainAsPublished: true, retainHandling: .doNotSend)),
                        Subscription(
                            try filter("y"),
                            SubscriptionOptions(
                                .exactlyOnce, noLocal: true, retainAsPublished: true, retainHandling: .sendIfNew)),
                    ],
                    properties: try Properties([
                        .subscriptionIdentifier(128), .userProperty(UserProperty(name: "a", value: "b")),
                    ]))))
        cases.acceptLoosely(
            "3.1: DUP, and bits beside the QoS", .only31, "8a _ 000a 'b' fd",
            .subscribe(
                Subscribe(
                    packetID: id, subscriptions: [Subscription(try filter("b"), SubscriptionOptions(.atLeastOnce))])))
        let leave = Unsubscribe(packetID: id, filters: [try filter("a/#"), try filter("b")])
        cases.accept("UNSUBSCRIBE", .before5, "a2 _ 000a 'a/#' 'b'", .unsubscribe(leave))
        cases.accept("UNSUBSCRIBE", .only5, "a2 _ 000a 00 'a/#' 'b'", .unsubscribe(leave))
        cases.refuseSubscriptions()
        return cases.all
    }

    private mutating func refuseSubscriptions() {
        refuse("SUBSCRIBE without its flag", .since311, "80 _ 000a 00 'b' 00", .malformedPacket)
        refuse("UNSUBSCRIBE without its flag", .since311, "a0 _ 000a 00 'b'", .malformedPacket)
        refuse("SUBSCRIBE with packet id 0", .all, "82 _ 0000 00 'b' 00", .protocolError)
        refuse("UNSUBSCRIBE with packet id 0", .all, "a2 _ 0000 00 'b'", .protocolError)
        refuse("SUBSCRIBE without filter", .before5, "82 02 000a", .protocolError)
        refuse("SUBSCRIBE without filter", .only5, "82 03 000a 00", .protocolError)
        refuse("UNSUBSCRIBE without filter", .before5, "a2 02 000a", .protocolError)
        refuse("UNSUBSCRIBE without filter", .only5, "a2 03 000a 00", .protocolError)
        refuse("a filter without options", .before5, "82 _ 000a 'b'", .malformedPacket)
        refuse("QoS 3", .before5, "82 _ 000a 'b' 03", .protocolError)
        refuse("QoS 3", .only5, "82 _ 000a 00 'b' 03", .protocolError)
        refuse("reserved bits", .only311, "82 _ 000a 'b' 04", .malformedPacket)
        refuse("reserved bits", .only5, "82 _ 000a 00 'b' 40", .malformedPacket)
        refuse("retain handling 3", .only5, "82 _ 000a 00 'b' 30", .protocolError)
        refuse("no local on a shared filter", .only5, "82 _ 000a 00 '$share/g/b' 04", .protocolError)
        refuse("an empty filter", .before5, "82 _ 000a '' 00", .malformedPacket)
        for filter in ["a#", "#/a", "a+", "+a/b", "a/##", "++"] {
            refuse("filter \(filter)", .before5, "82 _ 000a '\(filter)' 00", .malformedPacket)
            refuse("filter \(filter)", .only5, "82 _ 000a 00 '\(filter)' 00", .malformedPacket)
            refuse("no filter \(filter)", .only5, "a2 _ 000a 00 '\(filter)'", .malformedPacket)
        }
        for filter in ["$share/", "$share/g", "$share/g/", "$share//a", "$share/g+/a", "$share/#/a", "$share/g/a#"] {
            refuse("filter \(filter)", .only5, "82 _ 000a 00 '\(filter)' 00", .malformedPacket)
        }
        refuse("two subscription identifiers", .only5, "82 _ 000a _ 0b 01 0b 02; 'b' 00", .protocolError)
    }

    static func subscriptionAnswers() throws -> [PacketCase] {
        var cases = PacketCases(.toClient)
        let id = try PacketID(10)
        let granted = Suback(
            packetID: id, reasonCodes: [.grantedQoS0, .grantedQoS1, .grantedQoS2, .unspecifiedError])
        cases.accept("SUBACK", .before5, "90 06 000a 00010280", .suback(granted))
        cases.accept("SUBACK", .only5, "90 07 000a 00 00010280", .suback(granted))
        cases.accept(
            "SUBACK with properties", .only5, "90 _ 000a _ 1f 'no'; 9e a2",
            .suback(
                Suback(
                    packetID: id, reasonCodes: [.sharedSubscriptionsNotSupported, .wildcardSubscriptionsNotSupported],
                    properties: try Properties([.reasonString("no")]))))
        cases.accept("UNSUBACK", .before5, "b0 02 000a", .unsuback(Unsuback(packetID: id)))
        cases.accept(
            "UNSUBACK", .only5, "b0 05 000a 00 0011",
            .unsuback(Unsuback(packetID: id, reasonCodes: [.success, .noSubscriptionExisted])))
        cases.refuse("SUBACK without code", .before5, "90 02 000a", .protocolError)
        cases.refuse("SUBACK without code", .only5, "90 03 000a 00", .protocolError)
        cases.refuse("SUBACK with code 3", .before5, "90 03 000a 03", .protocolError)
        cases.refuse("SUBACK with a code of 5.0", .before5, "90 03 000a 87", .protocolError)
        cases.refuse("SUBACK with a code of UNSUBACK", .only5, "90 04 000a 00 11", .protocolError)
        cases.refuse("UNSUBACK without code", .only5, "b0 03 000a 00", .protocolError)
        cases.refuse("UNSUBACK with a granted QoS", .only5, "b0 04 000a 00 01", .protocolError)
        cases.refuse("UNSUBACK with left-over bytes", .before5, "b0 03 000a 00", .malformedPacket)
        return cases.all
    }
}
