import MQTTBroker
import MQTTWire
import Testing

struct RetainedTests {
    @Test("MQTT-3.3.1-5 to 3.3.1-8: the last retained message comes first, with RETAIN; an empty one removes it")
    func retains() async throws {
        try await withBroker { broker, port in
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            try publisher.publishAcknowledged("a/b", "old", retain: true)
            try publisher.publishAcknowledged("a/b", "new", retain: true)
            try publisher.publishAcknowledged("a/c", "other", retain: true)
            try publisher.publishAcknowledged("$a/b", "hidden", retain: true)
            try publisher.publishAcknowledged("a/b", "passing")
            #expect(broker.snapshot.retainedMessages == 3)
            for (filter, expected) in [
                ("a/b", ["new"]), ("a/+", ["new", "other"]), ("#", ["new", "other"]), ("a/b/#", ["new"]),
                ("+/+/+", []), ("$a/#", ["hidden"]),
            ] {
                let peer = try Peer(port: port)
                try peer.connect("s")
                try peer.subscribe(filter, qos: .atMostOnce)
                var got: [String] = []
                for _ in expected {
                    let publish = try peer.nextPublish()
                    #expect(publish.head.flags.retain)
                    got.append(publish.text)
                }
                #expect(got.sorted() == expected, "\(filter)")
                try peer.ping()
            }
            try publisher.publishAcknowledged("a/b", "", retain: true)
            #expect(broker.snapshot.retainedMessages == 2)
        }
    }

    @Test("MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11: Retain Handling")
    func handlesRetained() async throws {
        try await withBroker { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c")
            try peer.publishAcknowledged("t", "kept", retain: true)
            func subscribe(_ handling: RetainHandling) throws {
                try peer.subscribe("t", options: SubscriptionOptions(.atMostOnce, retainHandling: handling))
            }
            try subscribe(.doNotSend)
            try subscribe(.sendIfNew)
            try peer.ping()
            try subscribe(.sendAtSubscribe)
            #expect(try peer.nextPublish().text == "kept")
            try peer.send(.unsubscribe(Unsubscribe(packetID: .first, filters: [try TopicFilter("t")])))
            _ = try peer.next()
            try subscribe(.sendIfNew)
            #expect(try peer.nextPublish().text == "kept")
        }
    }

    @Test func expires() async throws {
        try await withBroker { broker, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c")
            try peer.publishAcknowledged("t", "brief", retain: true, properties: [.messageExpiryInterval(1)])
            pause(milliseconds: 1050)
            try peer.subscribe("#")
            try peer.ping()
            #expect(broker.snapshot.retainedMessages == 0)
        }
    }

    @Test func isBounded() async throws {
        try await withBroker(limits: {
            $0.retainedMessages = 10
            $0.retainedBytes = 5000
        }) { broker, port in
            let peer = try Peer(port: port)
            try peer.connect("c")
            for index in 0..<20 { try peer.publishAcknowledged("t/\(index)", "x", retain: true) }
            #expect(broker.snapshot.retainedMessages == 10)
            try peer.publishAcknowledged("t/1", String(repeating: "x", count: 5000), retain: true)
            try peer.subscribe("t/1")
            #expect(try peer.nextPublish().text == "x")
        }
    }
}
