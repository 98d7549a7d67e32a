import MQTTBroker
import MQTTWire
import Testing

/// What the specifications say of messages on their way, beyond what the tests of the broker's own parts look at.
struct DeliveryConformanceTests {
    @Test(
        "MQTT-3.3.1-3, MQTT-4.3.1-1, MQTT-4.3.2-1, MQTT-4.3.2-2, MQTT-4.3.3-1, MQTT-4.3.3-2, MQTT-2.2.1-4, MQTT-3.8.4-8: QoS and packet id are the subscription's, DUP is not passed on",
        arguments: ProtocolVersion.allCases)
    func sendsAfresh(version: ProtocolVersion) async throws {
        try await withBroker { _, port in
            let (publisher, subscriber) = (try Peer(port: port), try Peer(port: port, version: version))
            try publisher.connect("p")
            try subscriber.connect("s")
            for granted in QoS.allCases {
                try subscriber.subscribe("t", qos: granted)
                for (index, qos) in QoS.allCases.enumerated() {
                    try publisher.publish(
                        "t", qos: qos, packetID: UInt16(100 + 10 * Int(granted.rawValue) + index),
                        isDuplicate: qos != .atMostOnce)
                    let flags = try subscriber.nextPublish().head.flags
                    #expect(flags.qos == min(qos, granted) && !flags.isDuplicate)
                }
            }
        }
    }

    @Test(
        "MQTT-4.4.0-2, MQTT-4.8.2-6, MQTT-4.3.2-3, MQTT-4.3.3-3, MQTT-4.3.3-5, MQTT-4.3.3-6, MQTT-4.6.0-1: what failed is not sent again, the rest is, in order"
    )
    func failuresEndAMessage() async throws {
        try await withBroker { _, port in
            let (publisher, first) = (try Peer(port: port), try Peer(port: port, version: .v5_0))
            try publisher.connect("p")
            try first.connect("s", properties: [.sessionExpiryInterval(100)])
            try first.subscribe("t", qos: .exactlyOnce)
            for (index, qos) in [QoS.atLeastOnce, .exactlyOnce, .exactlyOnce, .atLeastOnce, .exactlyOnce].enumerated() {
                try publisher.publish("t", "\(index)", qos: qos, packetID: UInt16(index + 1))
            }
            let ids = try (0..<5).map { _ in try #require(try first.nextPublish().head.packetID) }
            try first.send(
                .puback(Puback(packetID: ids[0], reasonCode: .unspecifiedError)),
                .pubrec(Pubrec(packetID: ids[1], reasonCode: .quotaExceeded)), .pubrec(Pubrec(packetID: ids[2])))
            #expect(try first.next() == .pubrel(Pubrel(packetID: ids[2])))
            first.drop()
            let second = try Peer(port: port, version: .v5_0)
            try second.connect("s", cleanStart: false)
            #expect(try second.next() == .pubrel(Pubrel(packetID: ids[2])))
            for index in 3...4 {
                let publish = try second.nextPublish()
                #expect(publish.text == "\(index)" && publish.head.packetID == ids[index])
                #expect(publish.head.flags.isDuplicate)
            }
            try second.ping()
        }
    }

    @Test("MQTT-4.3.3-7, MQTT-4.3.3-13: what was sent does not expire, and the exchange goes on")
    func doesNotExpireUnderWay() async throws {
        try await withBroker { _, port in
            let (publisher, first) = (try Peer(port: port, version: .v5_0), try Peer(port: port, version: .v5_0))
            try publisher.connect("p")
            try first.connect("s", properties: [.sessionExpiryInterval(100)])
            try first.subscribe("t", qos: .exactlyOnce)
            let id = try PacketID(5)
            try publisher.publish(
                "t", "brief", qos: .exactlyOnce, packetID: 5, properties: [.messageExpiryInterval(1)])
            #expect(try publisher.next() == .pubrec(Pubrec(packetID: id)))
            let packetID = try #require(try first.nextPublish().head.packetID)
            first.drop()
            pause(milliseconds: 1100)
            try publisher.send(.pubrel(Pubrel(packetID: id)))
            #expect(try publisher.next() == .pubcomp(Pubcomp(packetID: id)))
            let second = try Peer(port: port, version: .v5_0)
            try second.connect("s", cleanStart: false)
            #expect(try second.nextPublish().head.packetID == packetID)
        }
    }

    @Test("MQTT-4.3.3-9, MQTT-4.3.3-12: after a PUBREC that fails, and after PUBCOMP, a packet id is a new message")
    func usesPacketIDsAgain() async throws {
        let hooks = Hooks(authorizePublish: { _, topic, _, _ in topic.text == "no" ? .refuse : .allow })
        try await withBroker(hooks: hooks) { _, port in
            let (publisher, subscriber) = (try Peer(port: port, version: .v5_0), try Peer(port: port))
            try publisher.connect("p")
            try subscriber.connect("s")
            try subscriber.subscribe("#", qos: .atMostOnce)
            let id = try PacketID(1)
            try publisher.publish("no", qos: .exactlyOnce)
            #expect(try publisher.next() == .pubrec(Pubrec(packetID: id, reasonCode: .notAuthorized)))
            for text in ["1", "2"] {
                try publisher.publish("yes", text, qos: .exactlyOnce)
                #expect(try publisher.next() == .pubrec(Pubrec(packetID: id)))
                // A repetition gets PUBREC and goes nowhere [MQTT-4.3.3-10].
                try publisher.publish("yes", text, qos: .exactlyOnce, isDuplicate: true)
                #expect(try publisher.next() == .pubrec(Pubrec(packetID: id)))
                try publisher.send(.pubrel(Pubrel(packetID: id)))
                #expect(try publisher.next() == .pubcomp(Pubcomp(packetID: id)))
                #expect(try subscriber.nextPublish().text == text)
            }
            try subscriber.ping()
        }
    }

    @Test(
        "MQTT-3.3.4-1: the wrong acknowledgement ends the connection, a stray one does not",
        arguments: ProtocolVersion.allCases)
    func wantsTheRightAcknowledgement(version: ProtocolVersion) async throws {
        try await withBroker { _, port in
            for (qos, isPubrec) in [(QoS.atLeastOnce, true), (.exactlyOnce, false)] {
                let peer = try Peer(port: port, version: version)
                try peer.connect("c")
                try peer.send(
                    .puback(Puback(packetID: try PacketID(77))), .pubcomp(Pubcomp(packetID: try PacketID(77))))
                try peer.ping()
                try peer.subscribe("t", qos: qos)
                try peer.publish("t", qos: qos, packetID: 9)
                var packetID: PacketID?
                while packetID == nil {
                    if case .publish(let publish) = try peer.next() { packetID = publish.head.packetID }
                }
                let id = try #require(packetID)
                if isPubrec {
                    try peer.send(.pubrec(Pubrec(packetID: id)))
                } else {
                    try peer.send(.puback(Puback(packetID: id)))
                }
                #expect(try peer.lastReason() == (version == .v5_0 ? .protocolError : nil))
            }
        }
    }

    @Test(
        "MQTT-4.9.0-1, MQTT-4.9.0-2, MQTT-4.9.0-3, MQTT-3.3.4-10: with the quota used up everything but PUBLISH goes on"
    )
    func theQuotaHoldsUpPublishAlone() async throws {
        try await withBroker { _, port in
            let (publisher, first) = (try Peer(port: port), try Peer(port: port, version: .v5_0))
            try publisher.connect("p")
            try first.connect("s", properties: [.sessionExpiryInterval(100), .receiveMaximum(2)])
            try first.subscribe("t", qos: .exactlyOnce)
            for index in 1...4 { try publisher.publish("t", "\(index)", qos: .exactlyOnce, packetID: UInt16(index)) }
            let ids = try (0..<2).map { _ in try #require(try first.nextPublish().head.packetID) }
            try first.ping()
            #expect(try first.subscribe("u") == [.grantedQoS1])
            for id in ids { try first.send(.pubrec(Pubrec(packetID: id))) }
            for id in ids { #expect(try first.next() == .pubrel(Pubrel(packetID: id))) }
            try first.ping()
            first.drop()
            // Both PUBRELs at once, though the client takes one message.
            let second = try Peer(port: port, version: .v5_0)
            try second.connect("s", cleanStart: false, properties: [.receiveMaximum(1)])
            for id in ids { #expect(try second.next() == .pubrel(Pubrel(packetID: id))) }
            #expect(try second.isSilent())
            for id in ids { try second.send(.pubcomp(Pubcomp(packetID: id))) }
            #expect(try second.nextPublish().text == "3")
            #expect(try second.isSilent())
        }
    }

    @Test("MQTT-3.1.2-25: what a new connection cannot take any more counts as sent")
    func givesUpWhatHasBecomeTooLarge() async throws {
        try await withBroker { broker, port in
            let (publisher, first) = (try Peer(port: port), try Peer(port: port, version: .v5_0))
            try publisher.connect("p")
            try first.connect("s", properties: [.sessionExpiryInterval(100)])
            try first.subscribe("t")
            try publisher.publishAcknowledged("t", String(repeating: "x", count: 100))
            _ = try first.nextPublish()
            first.drop()
            let second = try Peer(port: port, version: .v5_0)
            try second.connect(
                "s", cleanStart: false,
                properties: [.sessionExpiryInterval(100), .maximumPacketSize(50), .receiveMaximum(1)])
            try publisher.publishAcknowledged("t", "small")
            #expect(try second.nextPublish().text == "small")
            #expect(broker.snapshot.dropped[.tooLargeForClient] == 1)
        }
    }

    @Test("MQTT-3.10.4-1, MQTT-3.10.4-2, MQTT-3.10.4-3: UNSUBSCRIBE ends what is to come, not what was begun")
    func completesWhatWasBegun() async throws {
        try await withBroker { _, port in
            let (publisher, subscriber) = (try Peer(port: port), try Peer(port: port))
            try publisher.connect("p")
            try subscriber.connect("s")
            try subscriber.subscribe("t/+", "T/+", qos: .exactlyOnce)
            try publisher.publish("t/1", qos: .exactlyOnce)
            let id = try #require(try subscriber.nextPublish().head.packetID)
            // The same but for case is another filter.
            for (number, filter) in [(7, "t/1"), (8, "t/+")] {
                let packetID = try PacketID(UInt16(number))
                try subscriber.send(.unsubscribe(Unsubscribe(packetID: packetID, filters: [try TopicFilter(filter)])))
                #expect(try subscriber.next() == .unsuback(Unsuback(packetID: packetID)))
            }
            try publisher.publish("t/1", "late")
            try publisher.publish("T/1", "still")
            try subscriber.send(.pubrec(Pubrec(packetID: id)))
            var received: [Packet] = []
            while received.count < 2, let packet = try subscriber.next() { received.append(packet) }
            #expect(received.contains(.pubrel(Pubrel(packetID: id))))
            #expect(received.contains { if case .publish(let publish) = $0 { publish.text == "still" } else { false } })
            try subscriber.send(.pubcomp(Pubcomp(packetID: id)))
            try subscriber.ping()
        }
    }

    @Test(
        "MQTT-4.8.2-3, MQTT-4.8.2-4, MQTT-4.8.2-5: a member gets its QoS, and its QoS 2 messages, which nobody else gets"
    )
    func keepsToItsMember() async throws {
        try await withBroker(loops: 2) { broker, port in
            let (publisher, one, other) = (
                try Peer(port: port), try Peer(port: port, version: .v5_0), try Peer(port: port, version: .v5_0)
            )
            try publisher.connect("p")
            try one.connect("one", properties: [.sessionExpiryInterval(1)])
            try one.subscribe("$share/g/t", qos: .exactlyOnce)
            try publisher.publish("t", "for one", qos: .exactlyOnce)
            let id = try #require(try one.nextPublish().head.packetID)
            try other.connect("other")
            try other.subscribe("$share/g/t", qos: .atMostOnce)
            one.drop()
            let again = try Peer(port: port, version: .v5_0)
            try again.connect("one", cleanStart: false, properties: [.sessionExpiryInterval(1)])
            let repeated = try again.nextPublish()
            #expect(repeated.head.packetID == id && repeated.head.flags.isDuplicate && repeated.text == "for one")
            again.drop()
            try eventually("its session ends") { broker.snapshot.sessions == 2 }
            try publisher.publish("t", "for the other", qos: .exactlyOnce, packetID: 2)
            let publish = try other.nextPublish()
            #expect(publish.text == "for the other" && publish.head.flags.qos == .atMostOnce)
        }
    }

    @Test(
        "MQTT-4.6.0-5, MQTT-4.6.0-6, MQTT-4.5.0-1, MQTT-3.3.2-3: order is kept per publisher, topic and QoS, and every subscriber gets what matches",
        arguments: [QoS.atMostOnce, .atLeastOnce, .exactlyOnce])
    func keepsTheOrder(qos: QoS) async throws {
        try await withBroker(loops: 3) { _, port in
            let publishers = try (0..<3).map { index in
                let peer = try Peer(port: port)
                try peer.connect("p\(index)")
                return peer
            }
            let subscribers = try ["t/0", "t/+", "#"].map { filter in
                let peer = try Peer(port: port, version: .v5_0)
                try peer.connect("s \(filter.count)\(filter)")
                try peer.subscribe(filter, qos: qos)
                return (filter: try TopicFilter(filter), peer: peer)
            }
            for number in 0..<15 {
                for (index, publisher) in publishers.enumerated() {
                    try publisher.publish("t/\(index)", "\(number)", qos: qos, packetID: UInt16(number + 1))
                }
            }
            for (filter, peer) in subscribers {
                var next = [0, 0, 0]
                for _ in 0..<(filter.text == "t/0" ? 15 : 45) {
                    let publish = try peer.nextPublish()
                    let topic = try #require(publish.head.topic)
                    #expect(filter.matches(topic))
                    let index = try #require(Int(topic.text.dropFirst(2)))
                    #expect(publish.text == "\(next[index])")
                    next[index] += 1
                }
            }
        }
    }
}
