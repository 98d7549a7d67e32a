import MQTTBroker
import MQTTWire
import Testing

/// What a session store is told lets the next broker go on where the last one ended.
struct StoreTests {
    private let store = MemoryStore()

    @Test func theNextBrokerGoesOn() async throws {
        try await withBroker(store: store) { _, port in
            let (publisher, subscriber) = (try Peer(port: port), try Peer(port: port))
            try publisher.connect("p", cleanStart: false)
            try subscriber.connect("s", cleanStart: false)
            try subscriber.subscribe("t", qos: .exactlyOnce)
            try publisher.publishAcknowledged("kept", "retained", retain: true)
            try publisher.publishAcknowledged("t", "settled")
            try subscriber.acknowledge(try subscriber.nextPublish())
            try publisher.publish("t", "released", qos: .exactlyOnce, packetID: 7)
            #expect(try publisher.next() == .pubrec(Pubrec(packetID: try PacketID(7))))
            let released = try #require(try subscriber.nextPublish().head.packetID)
            try subscriber.send(.pubrec(Pubrec(packetID: released)))
            #expect(try subscriber.next() == .pubrel(Pubrel(packetID: released)))
            try publisher.publishAcknowledged("t", "sent")
            _ = try subscriber.nextPublish()
            subscriber.drop()
            try publisher.publishAcknowledged("t", "queued")
        }
        try await withBroker(store: store) { broker, port in
            let (publisher, subscriber) = (try Peer(port: port), try Peer(port: port))
            #expect(broker.snapshot.retainedMessages == 1)
            #expect(try publisher.connect("p", cleanStart: false).sessionPresent)
            // Its PUBREL had not come: the message stays one message.
            try publisher.publish("t", "released", qos: .exactlyOnce, packetID: 7, isDuplicate: true)
            #expect(try publisher.next() == .pubrec(Pubrec(packetID: try PacketID(7))))
            try publisher.send(.pubrel(Pubrel(packetID: try PacketID(7))))
            #expect(try publisher.next() == .pubcomp(Pubcomp(packetID: try PacketID(7))))
            #expect(try subscriber.connect("s", cleanStart: false).sessionPresent)
            guard case .pubrel(let pubrel) = try subscriber.next() else {
                Issue.record("PUBREL is not sent again")
                return
            }
            try subscriber.send(.pubcomp(Pubcomp(packetID: pubrel.packetID)))
            let sent = try subscriber.nextPublish()
            #expect(sent.text == "sent" && sent.head.flags.isDuplicate)
            let queued = try subscriber.nextPublish()
            #expect(queued.text == "queued")
            try subscriber.acknowledge(sent)
            try subscriber.acknowledge(queued)
            try subscriber.ping()
        }
        let session = try #require(store.load().sessions.first { $0.clientID.text == "s" })
        #expect(session.deliveries.isEmpty && session.received.isEmpty)
    }

    @Test func nothingIsPromisedBeforeItIsDurable() async throws {
        try await withBroker(loops: 3, store: store) { _, port in
            let subscribers = try (0..<4).map { index in
                let peer = try Peer(port: port)
                try peer.connect("s\(index)", cleanStart: false)
                try peer.subscribe("t")
                return peer
            }
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            store.hold()
            try publisher.publish("t", "x", qos: .atLeastOnce)
            for subscriber in subscribers { #expect(try subscriber.nextPublish().text == "x") }
            #expect(try publisher.isSilent())
            store.release()
            #expect(try publisher.nextPuback().reasonCode == .success)
        }
    }

    @Test func withoutPersistentSessionsNothingIsWritten() async throws {
        try await withBroker(store: store) { _, port in
            let peer = try Peer(port: port)
            try peer.connect("c")
            try peer.subscribe("t")
            try peer.publish("t", "x", qos: .atLeastOnce)
            // Nothing but that a session of this id, if there was one, is gone.
            #expect(store.load().sessions.isEmpty)
            #expect(store.changeCount <= 1)
        }
    }

    @Test func aSessionThatIsGivenUpInDisconnectIsGoneFromTheStore() async throws {
        try await withBroker(store: store) { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("s", properties: [.sessionExpiryInterval(100)])
            try peer.subscribe("t")
            #expect(store.load().sessions.count == 1)
            try peer.send(.disconnect(Disconnect(properties: try Properties([.sessionExpiryInterval(0)]))))
            #expect(try peer.next() == nil)
            try eventually("the session is gone") { store.load().sessions.isEmpty }
        }
    }

    @Test func aWillOutlivesItsBroker() async throws {
        let will = Will(topic: try TopicName("will"), payload: [1], qos: .atLeastOnce)
        try await withBroker(store: store) { _, port in
            let (dying, watcher) = (try Peer(port: port), try Peer(port: port))
            try watcher.connect("w", cleanStart: false)
            try watcher.subscribe("will")
            try dying.connect("d", cleanStart: false, will: will)
            try dying.ping()
        }
        try await withBroker(store: store) { _, port in
            let watcher = try Peer(port: port)
            try watcher.connect("w", cleanStart: false)
            #expect(try watcher.nextPublish().payload == [1])
        }
    }

    @Test("The retained message that subscribers find is the one that the next broker has, whoever published last")
    func theLastRetainedMessageIsTheSame() async throws {
        var found: [String: String] = [:]
        try await withBroker(loops: 4, store: store) { _, port in
            let publishers = try (0..<6).map { number in
                let peer = try Peer(port: port)
                try peer.connect("p\(number)")
                return peer
            }
            for round in 0..<50 {
                for (number, peer) in publishers.enumerated() {
                    // One of them clears now and then.
                    try peer.publish(
                        "t\(round % 5)", number == round % 7 ? "" : "\(round) of \(number)", qos: .atLeastOnce,
                        retain: true)
                }
                for peer in publishers { _ = try peer.nextPuback() }
            }
            let subscriber = try Peer(port: port)
            try subscriber.connect("s")
            try subscriber.subscribe("#")
            while try !subscriber.isSilent() {
                let publish = try subscriber.nextPublish()
                found[publish.topicText] = publish.text
                try subscriber.acknowledge(publish)
            }
        }
        let stored = store.load().retained.map { message in
            (message.topic.text, message.body.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        }
        #expect(Dictionary(uniqueKeysWithValues: stored) == found)
    }

    @Test func anExpiredRetainedMessageIsGoneFromTheStore() async throws {
        try await withBroker(store: store) { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("p")
            try peer.publishAcknowledged("t", "x", retain: true, properties: [.messageExpiryInterval(1)])
            #expect(store.load().retained.count == 1)
            pause(milliseconds: 2000)
            try peer.subscribe("t")
            try eventually("it is gone") { store.load().retained.isEmpty }
        }
    }

    @Test("MQTT-3.1.2-7, MQTT-3.1.2-8: a will outlives a stop of the broker without its session, and is published once")
    func aWillWithoutASessionOutlivesItsBroker() async throws {
        let will = Will(topic: try TopicName("will"), payload: [1], qos: .atLeastOnce)
        try await withBroker(store: store) { _, port in
            let watcher = try Peer(port: port)
            try watcher.connect("w", cleanStart: false)
            try watcher.subscribe("will")
            let peers = try ["dying", "leaving", "dead"].map { name in
                let peer = try Peer(port: port)
                try peer.connect(name, will: will)
                return peer
            }
            #expect(store.load().sessions.count == 4)
            try peers[1].send(.disconnect(Disconnect()))
            #expect(try peers[1].next() == nil)
            peers[2].drop()
            try watcher.acknowledge(try watcher.nextPublish())
            try eventually("one is left") { store.load().sessions.count == 2 }
            try peers[0].ping()
        }
        for isFirst in [true, false] {
            try await withBroker(store: store) { broker, port in
                let watcher = try Peer(port: port)
                try watcher.connect("w", cleanStart: false)
                if isFirst { try watcher.acknowledge(try watcher.nextPublish()) }
                #expect(try watcher.isSilent())
                #expect(broker.snapshot.sessions == 1)
                let dying = try Peer(port: port)
                #expect(try !dying.connect("dying").sessionPresent)
            }
        }
    }
}
