import MQTTBroker
import MQTTWire
import Testing

/// What the specifications say of connections, sessions, wills and retained messages, beyond what the tests of the broker's own parts look at.
struct ConnectionConformanceTests {
    @Test(
        "MQTT-3.2.2-2, MQTT-3.2.2-3, MQTT-3.1.4-4, MQTT-3.2.0-1, MQTT-3.1.3-2, MQTT-3.1.2-6, MQTT-4.1.0-2: Session Present, before anything else",
        arguments: ProtocolVersion.allCases)
    func saysWhetherThereIsASession(version: ProtocolVersion) async throws {
        try await withBroker { broker, port in
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            let keeps: [Property] = version == .v5_0 ? [.sessionExpiryInterval(100)] : []
            func connect(cleanStart: Bool) throws -> (Peer, Bool) {
                let peer = try Peer(port: port, version: version)
                let isPresent = try peer.connect("c", cleanStart: cleanStart, properties: keeps).sessionPresent
                return (peer, isPresent)
            }
            // 3.1 has no such flag.
            let isTold = version != .v3_1
            let (first, wasThere) = try connect(cleanStart: false)
            #expect(!wasThere)
            try first.subscribe("t")
            first.drop()
            try eventually("it is gone") { broker.snapshot.connections == 1 }
            try publisher.publishAcknowledged("t", "waiting")
            let (second, isThere) = try connect(cleanStart: false)
            #expect(isThere == isTold)
            #expect(try second.nextPublish().text == "waiting")
            let (third, isStillThere) = try connect(cleanStart: true)
            #expect(!isStillThere)
            try third.ping()
        }
    }

    @Test("MQTT-3.1.3-6, MQTT-3.1.3-7, MQTT-3.2.2-16: an assigned client id is new, and good for coming back")
    func assignsClientIDs() async throws {
        try await withBroker { _, port in
            var ids: Set<String> = []
            for _ in 0..<20 {
                let peer = try Peer(port: port, version: .v5_0)
                let properties = try peer.connect("", cleanStart: false, properties: [.sessionExpiryInterval(9)])
                    .properties
                ids.insert(try #require(properties.assignedClientIdentifier))
                peer.drop()
            }
            #expect(ids.count == 20)
            let back = try Peer(port: port, version: .v5_0)
            #expect(try back.connect(try #require(ids.first), cleanStart: false).sessionPresent)
        }
    }

    @Test(
        "MQTT-3.1.2-27, MQTT-3.3.2-11, MQTT-3.2.2-22, MQTT-3.2.2-1: no alias that was not asked for, no keep-alive but the client's"
    )
    func assumesNothing() async throws {
        try await withBroker { _, port in
            for maximum in [nil, UInt16(0)] {
                let peer = try Peer(port: port, version: .v5_0)
                let connack = try peer.connect(
                    "c", keepAlive: 60, properties: maximum.map { [.topicAliasMaximum($0)] } ?? [])
                #expect(connack.properties.serverKeepAlive == nil)
                try peer.subscribe("t", qos: .atMostOnce)
                for _ in 0..<3 {
                    try peer.publish("t")
                    let head = try peer.nextPublish().head
                    #expect(head.topic?.text == "t" && head.properties.topicAlias == nil)
                }
            }
        }
    }

    @Test("MQTT-3.3.2-7, MQTT-3.3.2-12: every alias up to the maximum, each connection anew")
    func takesEveryAlias() async throws {
        try await withBroker { _, port in
            for _ in 0..<2 {
                let peer = try Peer(port: port, version: .v5_0)
                let maximum = try #require(try peer.connect("c").properties.topicAliasMaximum)
                try peer.subscribe("#", qos: .atMostOnce)
                for alias in 1...maximum {
                    try peer.publish("t/\(alias)", properties: [.topicAlias(alias)])
                    try peer.publish("", properties: [.topicAlias(alias)])
                    for _ in 0..<2 { #expect(try peer.nextPublish().topicText == "t/\(alias)") }
                }
                try peer.send(.disconnect(Disconnect()))
                #expect(try peer.next() == nil)
            }
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c")
            try peer.publish("", properties: [.topicAlias(1)])
            #expect(try peer.lastReason() == .protocolError)
        }
    }

    @Test(
        "MQTT-3.1.2-29, MQTT-3.14.2-3, MQTT-3.9.2-1, MQTT-3.2.2-19: reasons in words to who wants them and can take them"
    )
    func explains() async throws {
        try await withBroker(limits: { $0.topicLevels = 3 }) { _, port in
            func reasons(_ properties: [Property]) throws -> [String?] {
                let deep = Will(topic: try TopicName("1/2/3/4"), payload: [])
                let refused = try Peer(port: port, version: .v5_0).connectAnswer(
                    "r", will: deep, properties: properties)
                let peer = try Peer(port: port, version: .v5_0)
                try peer.connect("c", properties: properties)
                let subscription = Subscription(try TopicFilter("1/2/3/4"), SubscriptionOptions(.atMostOnce))
                try peer.send(.subscribe(Subscribe(packetID: .first, subscriptions: [subscription])))
                guard case .suback(let suback) = try peer.next() else { return [] }
                #expect(suback.reasonCodes == [.topicFilterInvalid])
                try peer.send(bytes: [0xC1, 0])
                guard case .disconnect(let disconnect) = try peer.last() else { return [] }
                #expect(disconnect.reasonCode == .malformedPacket)
                return [refused.properties, suback.properties, disconnect.properties].map(\.reasonString)
            }
            let all = try reasons([])
            #expect(all.count == 3 && all.allSatisfy { $0 != nil })
            #expect(try reasons([.requestProblemInformation(false)]) == [nil, nil, nil])
            #expect(try reasons([.maximumPacketSize(18)]) == [nil, nil, nil])
        }
    }

    @Test("MQTT-3.1.2-28: Response Information for who asks for it")
    func namesResponseInformation() async throws {
        let hooks = Hooks(responseInformation: { "answers/\($0.clientID)" })
        try await withBroker(hooks: hooks) { _, port in
            for (request, answer) in [(true, "answers/c"), (false, nil)] {
                let peer = try Peer(port: port, version: .v5_0)
                let connack = try peer.connect("c", properties: [.requestResponseInformation(request)])
                #expect(connack.properties.responseInformation == answer)
            }
        }
    }

    @Test("MQTT-3.1.2-7, MQTT-3.1.2-14, MQTT-3.1.2-15, MQTT-3.1.3-10: a will with all that it has, retained or not")
    func publishesTheWholeWill() async throws {
        try await withBroker { _, port in
            let watcher = try Peer(port: port, version: .v5_0)
            try watcher.connect("w")
            try watcher.subscribe("will", options: SubscriptionOptions(.exactlyOnce, retainAsPublished: true))
            let properties: [Property] = [
                .userProperty(UserProperty(name: "b", value: "1")), .contentType("text"), .responseTopic("r"),
                .userProperty(UserProperty(name: "a", value: "2")), .userProperty(UserProperty(name: "b", value: "0")),
            ]
            for retain in [false, true] {
                let dying = try Peer(port: port, version: .v5_0)
                try dying.connect(
                    "d",
                    will: Will(
                        topic: try TopicName("will"), payload: [1], qos: .exactlyOnce, retain: retain,
                        properties: try Properties(properties)))
                dying.drop()
                let publish = try watcher.nextPublish()
                #expect(Array(publish.head.properties) == properties && publish.head.flags.retain == retain)
                #expect(publish.head.flags.qos == .exactlyOnce)
                let late = try Peer(port: port)
                try late.connect("l")
                try late.subscribe("will")
                #expect(try late.isSilent(for: 50) == !retain)
            }
        }
    }

    @Test(
        "MQTT-3.3.1-6, MQTT-3.3.1-7, MQTT-3.3.1-8, MQTT-3.8.4-4, MQTT-3.8.4-5, MQTT3-3.3.1-8, MQTT3-3.1.2-7: retained messages outlive their session, come at every SUBSCRIBE, and go with an empty one",
        arguments: ProtocolVersion.allCases)
    func retains(version: ProtocolVersion) async throws {
        try await withBroker { broker, port in
            let publisher = try Peer(port: port, version: version)
            try publisher.connect("p")
            try publisher.publishAcknowledged("t", "kept", retain: true)
            try publisher.publishAcknowledged("t", "passing")
            publisher.drop()
            try eventually("its session is gone") { broker.snapshot.sessions == 0 }
            let peer = try Peer(port: port, version: version)
            try peer.connect("s")
            for _ in 0..<2 {
                try peer.subscribe("t", "u", qos: .atMostOnce)
                let publish = try peer.nextPublish()
                #expect(publish.text == "kept" && publish.head.flags.retain)
            }
            try peer.publish("t", "", retain: true)
            let empty = try peer.nextPublish()
            #expect(empty.payload.isEmpty && !empty.head.flags.retain)
            #expect(broker.snapshot.retainedMessages == 0)
            try peer.subscribe("t", qos: .atMostOnce)
            try peer.ping()
        }
    }

    @Test("MQTT-3.8.3-3: a retained message is not sent to its own publisher either")
    func noLocalHoldsForRetained() async throws {
        try await withBroker { _, port in
            let (own, other) = (try Peer(port: port, version: .v5_0), try Peer(port: port))
            try own.connect("own")
            try other.connect("other")
            try own.publishAcknowledged("t/1", "mine", retain: true)
            try other.publishAcknowledged("t/2", "theirs", retain: true)
            try own.subscribe("t/#", options: SubscriptionOptions(.atMostOnce, noLocal: true))
            #expect(try own.nextPublish().text == "theirs")
            try own.ping()
        }
    }

    @Test(
        "MQTT-3.14.4-1, MQTT-3.14.4-2, MQTT-3.2.0-2, MQTT-3.1.4-6: nothing counts after the end",
        arguments: ProtocolVersion.allCases)
    func endsWithTheEnd(version: ProtocolVersion) async throws {
        let hooks = Hooks(authenticate: { request, _ in request.clientID.text == "no" ? .refuse(.banned) : .allow() })
        try await withBroker(hooks: hooks) { broker, port in
            let last = Publish(topic: try TopicName("t"), payload: [1])
            let leaving = try Peer(port: port, version: version)
            try leaving.connect("c")
            try leaving.send(.disconnect(Disconnect()), .publish(last))
            #expect(try leaving.next() == nil)
            let refused = try Peer(port: port, version: version)
            try refused.send(.connect(Connect(version: version, clientID: try ClientID("no"))), .publish(last))
            guard case .connack = try refused.next() else {
                Issue.record("no CONNACK")
                return
            }
            #expect(try refused.next() == nil)
            #expect(broker.snapshot.publishesReceived == 0)
        }
    }

    @Test("MQTT-4.7.3-3, MQTT-4.2-1: names of 65,535 bytes go through, in whatever pieces they come")
    func takesTheLongestNames() async throws {
        try await withBroker { _, port in
            let peer = try Peer(port: port)
            try peer.connect("c")
            let name = String(repeating: "n", count: 65_535)
            try peer.subscribe(name, qos: .atMostOnce)
            let head = PublishHead(topic: try TopicName(name))
            var bytes: [UInt8] = []
            try Packet.publish(Publish(head: head, payload: [7])).encode(
                in: PacketContext(version: .v3_1_1, direction: .toServer), into: &bytes)
            for start in stride(from: 0, to: bytes.count, by: 10_007) {
                try peer.send(bytes: Array(bytes[start..<min(start + 10_007, bytes.count)]))
                pause(milliseconds: 2)
            }
            #expect(try peer.nextPublish().topicText == name)
        }
    }

    @Test("MQTT-3.14.0-1: before CONNACK there is no DISCONNECT")
    func saysNoGoodbyeBeforeHello() async throws {
        try await withBroker { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.send(.pingreq(Pingreq()))
            #expect(try peer.rest().isEmpty)
        }
    }
}
