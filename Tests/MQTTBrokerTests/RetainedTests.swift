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

    /// A broker that keeps so many retained messages, with queues that hold but few of them.
    private func withMany(
        _ count: Int, _ body: (Broker, _ port: UInt16) async throws -> Void
    ) async throws {
        try await withBroker(
            loops: 1,
            limits: {
                $0.queuedMessagesPerSession = 1000
                $0.congestedMessages = 400
            }
        ) { broker, port in
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            let writer = try Worker {
                for index in 0..<count {
                    try publisher.publish(
                        "many/\(index)", "\(index)", qos: .atLeastOnce, retain: true, packetID: UInt16(index + 1))
                }
            }
            for _ in 0..<count { _ = try publisher.nextPuback() }
            try writer.finish()
            #expect(broker.snapshot.retainedMessages == count)
            try await body(broker, port)
        }
    }

    @Test(
        "More than a queue holds come to a client that takes them, each once, and others wait for no more than some of them"
    )
    func manyComeAsTheyAreTaken() async throws {
        try await withMany(5000) { broker, port in
            let (subscriber, bystander) = (try Peer(port: port), try Peer(port: port))
            try bystander.connect("b")
            try subscriber.connect("s")
            try subscriber.subscribe("many/+")
            var seen: Set<String> = []
            for count in 1...200 {
                let publish = try subscriber.nextPublish()
                #expect(publish.head.flags.retain)
                seen.insert(publish.text)
                try subscriber.acknowledge(publish)
                // What is published meanwhile comes once, and not as a retained message.
                if count == 100 {
                    try bystander.publish("many/new", "new", retain: true)
                    try bystander.ping()
                }
            }
            var live = 0
            while seen.count < 5000 || live == 0 {
                let publish = try subscriber.nextPublish()
                if publish.head.flags.retain { seen.insert(publish.text) } else { live += 1 }
                try subscriber.acknowledge(publish)
            }
            try subscriber.ping()
            #expect(seen.count == 5000 && live == 1)
            #expect(broker.snapshot.publishesSent == 5001)
            #expect(broker.snapshot.dropped.values.allSatisfy { $0 == 0 })
        }
    }

    @Test("A client that takes none of many holds no more than its queue, and gets the rest on its next connection")
    func manyWaitForTheClient() async throws {
        try await withMany(4000) { broker, port in
            let stalled = try Peer(port: port, receiveBuffer: 4096)
            try stalled.connect("s", cleanStart: false)
            try stalled.subscribe("many/#")
            try eventually("its queue has some") { broker.snapshot.queuedMessages >= 200 }
            pause(milliseconds: 50)
            #expect(broker.snapshot.queuedMessages <= 400 && broker.snapshot.inFlightMessages <= 1000)
            stalled.drop()
            try eventually("it is gone") { broker.snapshot.clients == 1 }
            let back = try Peer(port: port)
            try back.connect("s", cleanStart: false)
            var seen: Set<String> = []
            while seen.count < 4000 {
                let publish = try back.nextPublish()
                seen.insert(publish.text)
                try back.acknowledge(publish)
            }
            #expect(broker.snapshot.dropped.values.allSatisfy { $0 == 0 })
        }
    }
}
