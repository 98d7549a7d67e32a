import MQTTBroker
import MQTTWire
import Testing

struct SubscribeTests {
    @Test("MQTT-3.8.4: each filter is answered; a denied one with the failure code of the version")
    func answersEachFilter() async throws {
        let events = Recorder<BrokerEvent>()
        let hooks = Hooks(
            authorizeSubscribe: { _, filter, _ in
                switch filter.text {
                case "denied/#": .refuse
                case "nobody/#": .fail
                default: .allow
                }
            }, observe: { events.record($0) })
        try await withBroker(hooks: hooks) { _, port in
            for (version, code) in [(ProtocolVersion.v3_1_1, ReasonCode.unspecifiedError), (.v5_0, .notAuthorized)] {
                let peer = try Peer(port: port, version: version)
                try peer.connect("c")
                #expect(
                    try peer.subscribe("a", "denied/#", "nobody/#", "b/+", qos: .exactlyOnce)
                        == [.grantedQoS2, code, .unspecifiedError, .grantedQoS2])
            }
            let subscribed = events.all.map(\.summary).filter { $0.hasPrefix("subscribed") }
            #expect(subscribed == ["subscribed c a 2", "subscribed c b/+ 2", "subscribed c a 2", "subscribed c b/+ 2"])
        }
    }

    @Test(
        "MQTT-4.7.2-1, MQTT-4.7.3-4: what filters match",
        arguments: [
            ("#", "a", true), ("#", "a/b", true), ("#", "$own/x", false), ("+/x", "$own/x", false),
            ("$own/#", "$own/x", true),
            ("a/#", "a", true), ("a/#", "a/b/c", true), ("a/#", "ab", false), ("+", "a", true), ("+", "a/b", false),
            ("+/+", "/a", true), ("/+", "/a", true), ("+", "/a", false), ("a/+/c", "a//c", true), ("a/b", "a/b", true),
            ("a/b", "a/B", false), ("a/+", "a", false), ("1/2/3/4/5/6/7/8/9/+", "1/2/3/4/5/6/7/8/9/10", true),
            ("é/+", "e\u{301}/x", false),
        ])
    func matches(filter: String, topic: String, matches: Bool) async throws {
        try await withBroker(loops: 3) { _, port in
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            for id in ["one", "two", "three", "four"] {
                let peer = try Peer(port: port)
                try peer.connect(id)
                try peer.subscribe(filter, "last")
                try publisher.publishAcknowledged(topic, "x")
                try publisher.publishAcknowledged("last", "y")
                let first = try peer.nextPublish()
                #expect(first.text == (matches ? "x" : "y"))
            }
        }
    }

    @Test(
        "MQTT-3.3.4-2, MQTT-3.3.4-3, MQTT-3.3.4-4: overlapping subscriptions give one copy, at the higher QoS, with all identifiers"
    )
    func mergesOverlappingSubscriptions() async throws {
        try await withBroker { _, port in
            let (subscriber, publisher) = (try Peer(port: port, version: .v5_0), try Peer(port: port))
            try subscriber.connect("s")
            try subscriber.subscribe("a/#", qos: .atMostOnce, identifier: 1)
            try subscriber.subscribe("a/b", qos: .atLeastOnce, identifier: 2)
            try subscriber.subscribe("+/b", qos: .atMostOnce)
            try publisher.connect("p")
            try publisher.publishAcknowledged("a/b", "x")
            let publish = try subscriber.nextPublish()
            #expect(Set(publish.head.properties.subscriptionIdentifiers) == [1, 2])
            #expect(publish.head.flags.qos == .atLeastOnce)
            #expect(try subscriber.isSilent())
        }
    }

    @Test("MQTT-3.8.4-3: the same filter again replaces the subscription")
    func replaces() async throws {
        try await withBroker { broker, port in
            let peer = try Peer(port: port)
            try peer.connect("c")
            try peer.subscribe("t", qos: .atLeastOnce)
            try peer.subscribe("t", qos: .atMostOnce)
            #expect(broker.snapshot.subscriptions == 1)
            try peer.publish("t", "x")
            #expect(try peer.nextPublish().head.flags.qos == .atMostOnce)
        }
    }

    @Test("MQTT-3.8.3-3: No Local keeps a client's own messages from it")
    func knowsNoLocal() async throws {
        try await withBroker { _, port in
            let (own, other) = (try Peer(port: port, version: .v5_0), try Peer(port: port))
            try own.connect("own")
            try own.subscribe("t", options: SubscriptionOptions(.atMostOnce, noLocal: true))
            try other.connect("other")
            try own.publish("t", "mine")
            try own.ping()
            try other.publish("t", "theirs")
            #expect(try own.nextPublish().text == "theirs")
        }
    }

    @Test("MQTT-3.3.1-12, MQTT-3.3.1-13: Retain As Published keeps the flag, its absence clears it")
    func knowsRetainAsPublished() async throws {
        try await withBroker { _, port in
            let (keeping, clearing) = (try Peer(port: port, version: .v5_0), try Peer(port: port, version: .v5_0))
            try keeping.connect("keeping")
            try keeping.subscribe("t", options: SubscriptionOptions(.atMostOnce, retainAsPublished: true))
            try clearing.connect("clearing")
            try clearing.subscribe("t", qos: .atMostOnce)
            try clearing.publish("t", "x", retain: true)
            #expect(try keeping.nextPublish().head.flags.retain)
            #expect(try clearing.nextPublish().head.flags.retain == false)
        }
    }

    @Test("MQTT-3.10.4, MQTT-3.11.3-2: UNSUBSCRIBE ends a subscription and says whether there was one")
    func unsubscribes() async throws {
        let events = Recorder<BrokerEvent>()
        try await withBroker(hooks: Hooks(observe: { events.record($0) })) { broker, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c")
            try peer.subscribe("a", "b/#")
            let filters = [try TopicFilter("b/#"), try TopicFilter("none")]
            try peer.send(.unsubscribe(Unsubscribe(packetID: .first, filters: filters)))
            let expected = Unsuback(packetID: .first, reasonCodes: [.success, .noSubscriptionExisted])
            #expect(try peer.next() == .unsuback(expected))
            try peer.publish("b/x")
            try peer.publish("a", "still")
            #expect(try peer.nextPublish().text == "still")
            #expect(broker.snapshot.subscriptions == 1)
            #expect(events.all.last?.summary == "unsubscribed c b/#")
        }
    }

    @Test("MQTT-4.8.2-4: each message of a shared subscription goes to one member", arguments: 1...3)
    func sharesASubscription(loops: Int) async throws {
        try await withBroker(loops: loops) { _, port in
            let members = try (0..<3).map { index in
                let peer = try Peer(port: port, version: .v5_0)
                try peer.connect("member\(index)")
                try peer.subscribe("$share/group/t/+", qos: .atMostOnce)
                return peer
            }
            let (all, publisher) = (try Peer(port: port), try Peer(port: port))
            try all.connect("all")
            try all.subscribe("t/#", qos: .atMostOnce)
            try publisher.connect("publisher")
            for index in 0..<30 { try publisher.publish("t/\(index)") }
            for index in 0..<30 { #expect(try all.nextPublish().topicText == "t/\(index)") }
            var topics: [String] = []
            for member in members {
                // One after the other, whoever is connected.
                for _ in 0..<10 { topics.append(try member.nextPublish().topicText) }
                #expect(try member.isSilent(for: 20))
            }
            #expect(Set(topics).count == 30)
            // Those that are left share what comes.
            members[0].drop()
            members[1].drop()
            pause(milliseconds: 100)
            for index in 0..<5 { try publisher.publish("t/again\(index)") }
            for index in 0..<5 { #expect(try members[2].nextPublish().topicText == "t/again\(index)") }
        }
    }

    @Test("Before 5.0 $share is a filter like any other")
    func doesNotShareBefore5() async throws {
        try await withBroker { _, port in
            let peer = try Peer(port: port)
            try peer.connect("c")
            try peer.subscribe("$share/group/t")
            try peer.publish("t", "no")
            try peer.publish("$share/group/t", "yes")
            #expect(try peer.nextPublish().text == "yes")
        }
    }

    @Test func keepsItsLimits() async throws {
        try await withBroker(limits: {
            $0.subscriptionsPerSession = 2
            $0.topicLevels = 4
        }) { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c")
            #expect(
                try peer.subscribe("1/2/3/4/5", "a", "b", "c", "a")
                    == [.topicFilterInvalid, .grantedQoS1, .grantedQoS1, .quotaExceeded, .grantedQoS1])
            try peer.publish(String(repeating: "/", count: 65_535))
            #expect(try peer.lastReason() == .topicNameInvalid)
        }
    }
}
