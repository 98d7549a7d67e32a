import MQTTBroker
import MQTTWire
import Testing

struct PublishTests {
    /// Publisher and subscriber on different loops as well as on the same: whatever their ids hash to.
    @Test(arguments: ProtocolVersion.allCases, QoS.allCases)
    func delivers(version: ProtocolVersion, qos: QoS) async throws {
        try await withBroker(loops: 3) { _, port in
            let publisher = try Peer(port: port, version: .v3_1_1)
            try publisher.connect("publisher")
            let subscribers = try (0..<6).map { index in
                let peer = try Peer(port: port, version: version)
                try peer.connect("subscriber\(index)")
                try peer.subscribe("a/+/c", qos: .atLeastOnce)
                return peer
            }
            for index in 1...20 { try publisher.publish("a/b/c", "\(index)", qos: qos, packetID: UInt16(index)) }
            for subscriber in subscribers {
                for index in 1...20 {
                    let publish = try subscriber.nextPublish()
                    #expect(publish.text == "\(index)")
                    #expect(publish.topicText == "a/b/c")
                    #expect(publish.head.flags.qos == min(qos, .atLeastOnce))
                    try subscriber.acknowledge(publish)
                }
            }
        }
    }

    @Test("MQTT-4.3.3: QoS 2 in both directions, once each")
    func deliversExactlyOnce() async throws {
        try await withBroker { _, port in
            let (publisher, subscriber) = (try Peer(port: port), try Peer(port: port))
            try subscriber.connect("s", cleanStart: false)
            try subscriber.subscribe("t", qos: .exactlyOnce)
            try publisher.connect("p", cleanStart: false)
            let id = try PacketID(9)
            try publisher.publish("t", "once", qos: .exactlyOnce, packetID: 9)
            #expect(try publisher.next() == .pubrec(Pubrec(packetID: id)))
            // The publisher has not seen it, and sends it again on a new connection.
            publisher.drop()
            let again = try Peer(port: port)
            #expect(try again.connect("p", cleanStart: false).sessionPresent)
            try again.publish("t", "once", qos: .exactlyOnce, packetID: 9, isDuplicate: true)
            #expect(try again.next() == .pubrec(Pubrec(packetID: id)))
            try again.send(.pubrel(Pubrel(packetID: id)))
            #expect(try again.next() == .pubcomp(Pubcomp(packetID: id)))
            // The subscriber loses its connection twice, before PUBREC and before PUBCOMP.
            let first = try subscriber.nextPublish()
            let outgoing = try #require(first.head.packetID)
            subscriber.drop()
            let second = try Peer(port: port)
            try second.connect("s", cleanStart: false)
            let repeated = try second.nextPublish()
            #expect(repeated.head.flags.isDuplicate && repeated.head.packetID == outgoing)
            try second.send(.pubrec(Pubrec(packetID: outgoing)))
            #expect(try second.next() == .pubrel(Pubrel(packetID: outgoing)))
            second.drop()
            let third = try Peer(port: port)
            try third.connect("s", cleanStart: false)
            #expect(try third.next() == .pubrel(Pubrel(packetID: outgoing)))
            try third.send(.pubcomp(Pubcomp(packetID: outgoing)))
            try third.ping()
            #expect(try third.isSilent())
        }
    }

    @Test("MQTT3-3.3.5-2: what is not allowed is acknowledged and dropped")
    func aRefusedPublicationIsDroppedAndAnswered() async throws {
        let hooks = Hooks(authorizePublish: { _, topic, _, _ in topic.text == "secret" ? .refuse : .allow })
        try await withBroker(hooks: hooks) { broker, port in
            let (old, new, subscriber) = (
                try Peer(port: port), try Peer(port: port, version: .v5_0), try Peer(port: port)
            )
            try old.connect("old")
            try new.connect("new")
            try subscriber.connect("s")
            try subscriber.subscribe("#")
            #expect(try old.publishAcknowledged("secret") == .success)
            #expect(try new.publishAcknowledged("secret") == .notAuthorized)
            try new.publish("secret", qos: .exactlyOnce, packetID: 2)
            #expect(try new.next() == .pubrec(Pubrec(packetID: try PacketID(2), reasonCode: .notAuthorized)))
            #expect(try subscriber.isSilent())
            #expect(broker.snapshot.publishesRefused == 3)
        }
    }

    @Test func theDeliverHookWithholds() async throws {
        let hooks = Hooks(authorizeDelivery: { client, _ in client.clientID.text != "blind" })
        try await withBroker(hooks: hooks) { broker, port in
            let (blind, seeing, publisher) = (try Peer(port: port), try Peer(port: port), try Peer(port: port))
            for (peer, id) in [(blind, "blind"), (seeing, "seeing")] {
                try peer.connect(id)
                try peer.subscribe("t")
            }
            try publisher.connect("p")
            try publisher.publishAcknowledged("t", "x")
            #expect(try seeing.nextPublish().text == "x")
            #expect(try blind.isSilent())
            #expect(broker.snapshot.dropped[.deliveryRefused] == 1)
        }
    }

    @Test("Section 3.3.2.3.4: topic aliases, and MQTT-3.3.2-9: none above the maximum")
    func understandsTopicAliases() async throws {
        try await withBroker(limits: { $0.topicAliasMaximum = 2 }) { _, port in
            let (publisher, subscriber) = (try Peer(port: port, version: .v5_0), try Peer(port: port, version: .v5_0))
            #expect(try publisher.connect("p").properties.topicAliasMaximum == 2)
            try subscriber.connect("s")
            try subscriber.subscribe("#", qos: .atMostOnce)
            try publisher.publish("long/name", "1", properties: [.topicAlias(2)])
            try publisher.publish("", "2", properties: [.topicAlias(2)])
            for text in ["1", "2"] {
                let publish = try subscriber.nextPublish()
                #expect(publish.topicText == "long/name" && publish.text == text)
                #expect(publish.head.properties.topicAlias == nil)
            }
            try publisher.publish("x", properties: [.topicAlias(3)])
            #expect(try publisher.lastReason() == .topicAliasInvalid)
            let unknown = try Peer(port: port, version: .v5_0)
            try unknown.connect("u")
            try unknown.publish("", properties: [.topicAlias(1)])
            #expect(try unknown.lastReason() == .protocolError)
        }
    }

    @Test("Section 3.3.2.3.4, MQTT-3.1.2-26: a client that takes topic aliases gets them, as many as it takes")
    func usesTopicAliases() async throws {
        try await withBroker { _, port in
            let subscriber = try Peer(port: port, version: .v5_0)
            try subscriber.connect("s", properties: [.topicAliasMaximum(1)])
            try subscriber.subscribe("#", qos: .atLeastOnce)
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            for (topic, text) in [("a/b", "1"), ("a/b", "2"), ("c", "3"), ("a/b", "4")] {
                try publisher.publish(topic, text)
            }
            let heads = try (1...4).map { number in
                let publish = try subscriber.nextPublish()
                #expect(publish.text == "\(number)")
                return publish.head
            }
            #expect(heads.map { $0.topic?.text } == ["a/b", nil, "c", nil])
            #expect(heads.map(\.properties.topicAlias) == [1, 1, nil, 1])
            // An alias ends with its connection [MQTT-3.3.2-7].
            let again = try Peer(port: port, version: .v5_0)
            try again.connect("s", properties: [.topicAliasMaximum(9), .maximumPacketSize(20)])
            try again.subscribe("#", qos: .atLeastOnce)
            // With an alias told these would take 21 bytes, 3 more than without.
            try publisher.publish("a/b", "0123456789")
            try publisher.publish("a/b", "x")
            #expect(try again.nextPublish().head.properties.topicAlias == nil)
            let told = try again.nextPublish().head
            #expect(told.topic?.text == "a/b" && told.properties.topicAlias == 1)
        }
    }

    @Test(
        "MQTT-3.3.2-4, MQTT-3.3.2-15, MQTT-3.3.2-16, MQTT-3.3.2-17, MQTT-3.3.2-18, MQTT-3.3.2-20: what a publisher says of its message reaches 5.0 subscribers unchanged"
    )
    func passesPropertiesThrough() async throws {
        try await withBroker { _, port in
            let (publisher, new, old) = (
                try Peer(port: port, version: .v5_0), try Peer(port: port, version: .v5_0), try Peer(port: port)
            )
            try publisher.connect("p")
            for (peer, id) in [(new, "new"), (old, "old")] {
                try peer.connect(id)
                try peer.subscribe("t")
            }
            let properties: [Property] = [
                .payloadFormatIndicator(true), .contentType("text"), .responseTopic("r"), .correlationData([1]),
                .userProperty(UserProperty(name: "a", value: "1")), .userProperty(UserProperty(name: "a", value: "2")),
            ]
            try publisher.publish("t", "x", properties: properties)
            #expect(Array(try new.nextPublish().head.properties) == properties)
            #expect(try old.nextPublish().text == "x")
        }
    }

    @Test("MQTT-3.3.2-5, MQTT-3.3.2-6: a message expires, and says how long it has left")
    func expires() async throws {
        try await withBroker { broker, port in
            let publisher = try Peer(port: port, version: .v5_0)
            try publisher.connect("p")
            let absent = try Peer(port: port, version: .v5_0)
            try absent.connect("s", properties: [.sessionExpiryInterval(100)])
            try absent.subscribe("t")
            try absent.send(.disconnect(Disconnect()))
            #expect(try absent.next() == nil)
            try publisher.publishAcknowledged("t", "short", properties: [.messageExpiryInterval(1)])
            try publisher.publishAcknowledged("t", "long", properties: [.messageExpiryInterval(100)])
            pause(milliseconds: 1100)
            let back = try Peer(port: port, version: .v5_0)
            try back.connect("s", cleanStart: false)
            let publish = try back.nextPublish()
            #expect(publish.text == "long")
            #expect(90...99 ~= publish.head.properties.messageExpiryInterval ?? 0)
            #expect(broker.snapshot.dropped[.expired] == 1)
            // What does not wait loses nothing.
            try publisher.publishAcknowledged("t", "at once", properties: [.messageExpiryInterval(1)])
            #expect(try back.nextPublish().head.properties.messageExpiryInterval == 1)
        }
    }

    @Test("Section 4.9: a new connection begins with the whole Receive Maximum, whatever the session knows")
    func beginsWithTheWholeReceiveMaximum() async throws {
        try await withBroker(limits: { $0.receiveMaximum = 2 }) { _, port in
            for ids in [[UInt16(1), 2], [2, 3]] {
                let peer = try Peer(port: port, version: .v5_0)
                try peer.connect("c", cleanStart: false, properties: [.sessionExpiryInterval(100)])
                for id in ids {
                    try peer.publish("t", qos: .exactlyOnce, packetID: id)
                    guard case .pubrec(let pubrec) = try peer.next() else {
                        Issue.record("no PUBREC for \(id)")
                        return
                    }
                    #expect(pubrec.packetID.rawValue == id)
                }
                try peer.ping()
            }
        }
    }

    @Test("MQTT-3.3.4-9: more than the Receive Maximum at once ends the connection")
    func keepsToItsReceiveMaximum() async throws {
        try await withBroker(limits: { $0.receiveMaximum = 2 }) { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c")
            for id in 1...3 { try peer.publish("t", qos: .exactlyOnce, packetID: UInt16(id)) }
            #expect(try peer.lastReason() == .receiveMaximumExceeded)
        }
    }

    @Test("MQTT-3.3.4-9 the other way: the broker keeps to the client's Receive Maximum")
    func keepsToTheClientsReceiveMaximum() async throws {
        try await withBroker { _, port in
            let (subscriber, publisher) = (try Peer(port: port, version: .v5_0), try Peer(port: port))
            try subscriber.connect("s", properties: [.receiveMaximum(2)])
            try subscriber.subscribe("t")
            try publisher.connect("p")
            for index in 1...5 {
                try publisher.publish("t", "\(index)", qos: .atLeastOnce, packetID: UInt16(index))
            }
            try publisher.publish("t", "at QoS 0", qos: .atMostOnce)
            var waiting = [try subscriber.nextPublish(), try subscriber.nextPublish()]
            #expect(try subscriber.nextPublish().text == "at QoS 0")
            #expect(try subscriber.isSilent())
            for index in 3...5 {
                try subscriber.acknowledge(waiting.removeFirst())
                waiting.append(try subscriber.nextPublish())
                #expect(waiting.last?.text == "\(index)")
            }
        }
    }

    @Test("MQTT-3.1.2-24, MQTT-3.1.2-25: what is larger than a client takes is not sent to it")
    func keepsToTheClientsMaximumPacketSize() async throws {
        try await withBroker { broker, port in
            let (subscriber, publisher) = (try Peer(port: port, version: .v5_0), try Peer(port: port))
            try subscriber.connect("s", properties: [.maximumPacketSize(100)])
            try subscriber.subscribe("t")
            try publisher.connect("p")
            try publisher.publishAcknowledged("t", String(repeating: "x", count: 200))
            try publisher.publishAcknowledged("t", "small")
            #expect(try subscriber.nextPublish().text == "small")
            #expect(broker.snapshot.dropped[.tooLargeForClient] == 1)
        }
    }

    @Test("MQTT-3.1.2-24: an answer that is larger than the client takes ends the connection instead")
    func sendsNoAnswerThatIsTooLarge() async throws {
        try await withBroker { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c", properties: [.maximumPacketSize(15)])
            let filters = try (1...20).map {
                Subscription(try TopicFilter("a/\($0)"), SubscriptionOptions(.atMostOnce))
            }
            try peer.send(.subscribe(Subscribe(packetID: try PacketID(1), subscriptions: filters)))
            #expect(try peer.lastReason() == .packetTooLarge)
            // Not even a CONNACK fits.
            let tiny = try Peer(port: port, version: .v5_0)
            try tiny.send(
                .connect(
                    Connect(
                        version: .v5_0, clientID: try ClientID("t"), properties: try Properties([.maximumPacketSize(4)])
                    ))
            )
            #expect(try tiny.last() == nil)
        }
    }

    @Test func refusesPacketsThatAreTooLarge() async throws {
        try await withBroker(limits: { $0.maximumPacketSize = 1000 }) { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c")
            try peer.publish("t", String(repeating: "x", count: 2000))
            #expect(try peer.lastReason() == .packetTooLarge)
        }
    }

    @Test func sendsTheEmbeddingProgramsPublicationsToSubscribers() async throws {
        try await withBroker { broker, port in
            let peers = try (0..<4).map { index in
                let peer = try Peer(port: port)
                try peer.connect("c\(index)")
                try peer.subscribe("news/#")
                return peer
            }
            broker.publish(
                OutboundPublication(
                    topic: try TopicName("news/1"), prefix: [1], body: SharedBytes([2, 3]), retain: true))
            for peer in peers { #expect(try peer.nextPublish().payload == [1, 2, 3]) }
            let late = try Peer(port: port)
            try late.connect("late")
            try late.subscribe("news/+")
            let retained = try late.nextPublish()
            #expect(retained.payload == [1, 2, 3] && retained.head.flags.retain)
        }
    }
}
