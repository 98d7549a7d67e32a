import MQTTBroker
import MQTTWire
import Testing

struct WillTests {
    private func will(_ payload: String, retain: Bool = false, delay: UInt32? = nil) throws -> Will {
        Will(
            topic: try TopicName("will"), payload: [UInt8](payload.utf8), qos: .atLeastOnce, retain: retain,
            properties: try Properties(delay.map { [.willDelayInterval($0)] } ?? []))
    }

    @Test("MQTT-3.1.2-8: a lost connection publishes the will", arguments: ProtocolVersion.allCases)
    func isPublishedWhenTheConnectionBreaks(version: ProtocolVersion) async throws {
        try await withBroker { _, port in
            let (watcher, dying) = (try Peer(port: port), try Peer(port: port, version: version))
            try watcher.connect("w")
            try watcher.subscribe("will")
            try dying.connect("d", will: try will("gone", retain: true))
            dying.drop()
            let publish = try watcher.nextPublish()
            #expect(publish.text == "gone" && publish.head.flags.qos == .atLeastOnce)
            let late = try Peer(port: port)
            try late.connect("l")
            try late.subscribe("will")
            #expect(try late.nextPublish().head.flags.retain)
        }
    }

    @Test("MQTT-3.1.2-10, MQTT-3.14.4-3: DISCONNECT discards it, unless with code 4")
    func isDiscardedByDisconnect() async throws {
        try await withBroker { _, port in
            let watcher = try Peer(port: port)
            try watcher.connect("w")
            try watcher.subscribe("will")
            for (code, text) in [(ReasonCode.normalDisconnection, "no"), (.disconnectWithWill, "yes")] {
                let peer = try Peer(port: port, version: .v5_0)
                try peer.connect("d", will: try will(text))
                try peer.send(.disconnect(Disconnect(reasonCode: code)))
                #expect(try peer.next() == nil)
            }
            #expect(try watcher.nextPublish().text == "yes")
        }
    }

    @Test("MQTT-3.1.3-9: who comes back before the delay has passed is not dead")
    func waitsForItsDelay() async throws {
        try await withBroker { _, port in
            let watcher = try Peer(port: port)
            try watcher.connect("w")
            try watcher.subscribe("will")
            let first = try Peer(port: port, version: .v5_0)
            try first.connect("d", will: try will("early", delay: 1), properties: [.sessionExpiryInterval(100)])
            first.drop()
            let second = try Peer(port: port, version: .v5_0)
            try second.connect(
                "d", cleanStart: false, will: try will("late", delay: 1), properties: [.sessionExpiryInterval(100)])
            #expect(try watcher.isSilent(for: 1200))
            second.drop()
            #expect(try watcher.nextPublish().text == "late")
        }
    }

    @Test("Section 3.1.3.2.2: the end of the session ends the delay")
    func comesWithTheEndOfTheSession() async throws {
        try await withBroker { _, port in
            let watcher = try Peer(port: port)
            try watcher.connect("w")
            try watcher.subscribe("will")
            let first = try Peer(port: port, version: .v5_0)
            try first.connect("d", will: try will("gone", delay: 1000), properties: [.sessionExpiryInterval(100)])
            first.drop()
            #expect(try watcher.isSilent())
            let second = try Peer(port: port, version: .v5_0)
            try second.connect("d", cleanStart: true)
            #expect(try watcher.nextPublish().text == "gone")
        }
    }

    @Test("Section 3.1.3.2.2: a session that ends by itself publishes the will, once, however long its delay")
    func comesWithTheExpiryOfTheSession() async throws {
        try await withBroker { _, port in
            let watcher = try Peer(port: port)
            try watcher.connect("w")
            try watcher.subscribe("will")
            // Shorter, as long and longer than the session lives: where both end at once, either may be first.
            for delay in [UInt32(1), 1, 1, 2, 1000] {
                let dying = try Peer(port: port, version: .v5_0)
                try dying.connect(
                    "d", will: try will("after \(delay)", delay: delay), properties: [.sessionExpiryInterval(1)])
                dying.drop()
                #expect(try watcher.nextPublish().text == "after \(delay)")
            }
            #expect(try watcher.isSilent())
        }
    }

    @Test func aWillOfTooManyLevelsIsRefused() async throws {
        try await withBroker(limits: { $0.topicLevels = 3 }) { _, port in
            let deep = Will(topic: try TopicName("1/2/3/4"), payload: [])
            let new = try Peer(port: port, version: .v5_0)
            #expect(try new.connectAnswer("n", will: deep).reasonCode == .topicNameInvalid)
            let old = try Peer(port: port)
            try old.send(.connect(Connect(clientID: try ClientID("o"), will: deep)))
            #expect(try old.next() == nil)
        }
    }

    @Test func thePublishHookIsAskedAboutIt() async throws {
        let hooks = Hooks(authorizePublish: { client, _, _, _ in client.clientID.text == "d" ? .refuse : .allow })
        try await withBroker(hooks: hooks) { broker, port in
            let (watcher, dying) = (try Peer(port: port), try Peer(port: port))
            try watcher.connect("w")
            try watcher.subscribe("will")
            try dying.connect("d", will: try will("gone"))
            dying.drop()
            try eventually("the will is refused") { broker.snapshot.publishesRefused == 1 }
            #expect(try watcher.isSilent())
        }
    }
}
