import MQTTBroker
import MQTTWire
import Testing

struct SessionTests {
    @Test(
        "MQTT-3.1.2-5, MQTT3-3.1.2-5, MQTT-4.1.0-1: subscriptions and QoS 1 and 2 messages wait for a client with a session"
    )
    func waitsForItsClient() async throws {
        let events = Recorder<BrokerEvent>()
        try await withBroker(hooks: Hooks(observe: { events.record($0) })) { broker, port in
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            let first = try Peer(port: port)
            #expect(try first.connect("s", cleanStart: false).sessionPresent == false)
            try first.subscribe("t", qos: .exactlyOnce)
            try first.send(.disconnect(Disconnect()))
            #expect(try first.next() == nil)
            for (index, qos) in [QoS.atLeastOnce, .atMostOnce, .exactlyOnce, .atLeastOnce].enumerated() {
                try publisher.publish("t", "\(index)", qos: qos, packetID: UInt16(index + 1))
            }
            try publisher.pingPastAnswers()
            try eventually("three wait") { broker.snapshot.queuedMessages == 3 }
            _ = events.takeAll()
            let second = try Peer(port: port)
            #expect(try second.connect("s", cleanStart: false).sessionPresent)
            for (text, qos) in [("0", QoS.atLeastOnce), ("2", .exactlyOnce), ("3", .atLeastOnce)] {
                let publish = try second.nextPublish()
                #expect(publish.text == text && publish.head.flags.qos == qos && !publish.head.flags.isDuplicate)
            }
            #expect(events.all.map(\.summary) == ["connected s again", "subscribed s t 2"])
        }
    }

    @Test(
        "MQTT-4.4.0-1, MQTT-3.3.1-1, MQTT-4.6.0-1: what was not acknowledged is sent again, in order, with DUP and the same packet ids"
    )
    func sendsAgain() async throws {
        try await withBroker { _, port in
            let (publisher, first) = (try Peer(port: port), try Peer(port: port))
            try publisher.connect("p")
            try first.connect("s", cleanStart: false)
            try first.subscribe("t")
            for index in 1...3 { try publisher.publishAcknowledged("t", "\(index)") }
            let sent = try (1...3).map { _ in try first.nextPublish() }
            try first.acknowledge(sent[1])
            try first.ping()
            first.drop()
            let second = try Peer(port: port)
            try second.connect("s", cleanStart: false)
            for expected in [sent[0], sent[2]] {
                let publish = try second.nextPublish()
                #expect(publish.head.flags.isDuplicate && publish.head.packetID == expected.head.packetID)
                #expect(publish.text == expected.text)
            }
            try second.ping()
        }
    }

    @Test("MQTT-3.1.2-4, MQTT-3.1.2-6: a clean start forgets; a clean session leaves nothing")
    func startsClean() async throws {
        try await withBroker { broker, port in
            let first = try Peer(port: port)
            try first.connect("s", cleanStart: false)
            try first.subscribe("t")
            first.drop()
            let second = try Peer(port: port)
            #expect(try second.connect("s", cleanStart: true).sessionPresent == false)
            #expect(broker.snapshot.subscriptions == 0)
            try second.subscribe("t")
            second.drop()
            try eventually("nothing is left") { broker.snapshot.sessions == 0 && broker.snapshot.subscriptions == 0 }
        }
    }

    @Test("MQTT-3.1.2-23: a session ends when its expiry interval has passed")
    func expires() async throws {
        try await withBroker { broker, port in
            let first = try Peer(port: port, version: .v5_0)
            try first.connect("s", properties: [.sessionExpiryInterval(1)])
            try first.subscribe("t")
            first.drop()
            try eventually("the connection ends") { broker.snapshot.connections == 0 }
            #expect(broker.snapshot.sessions == 1)
            try eventually("the session ends") { broker.snapshot.sessions == 0 }
            #expect(broker.snapshot.subscriptions == 0)
        }
    }

    @Test("MQTT-3.14.2-2: DISCONNECT may change the expiry, but not from 0")
    func disconnectChangesTheExpiry() async throws {
        try await withBroker { broker, port in
            let keeping = try Peer(port: port, version: .v5_0)
            try keeping.connect("a", properties: [.sessionExpiryInterval(100)])
            try keeping.send(.disconnect(Disconnect(properties: try Properties([.sessionExpiryInterval(0)]))))
            #expect(try keeping.next() == nil)
            try eventually("the session is gone") { broker.snapshot.sessions == 0 }
            let wrong = try Peer(port: port, version: .v5_0)
            try wrong.connect("b")
            try wrong.send(.disconnect(Disconnect(properties: try Properties([.sessionExpiryInterval(9)]))))
            #expect(try wrong.lastReason() == .protocolError)
        }
    }

    @Test func aResumedSubscriptionIsAuthorizedAgain() async throws {
        let allowed = Recorder<Bool>()
        let hooks = Hooks(authorizeSubscribe: { _, _, _ in allowed.all.isEmpty ? .allow : .refuse })
        try await withBroker(hooks: hooks) { broker, port in
            let first = try Peer(port: port)
            try first.connect("s", cleanStart: false)
            try first.subscribe("t")
            first.drop()
            allowed.record(false)
            let second = try Peer(port: port)
            try second.connect("s", cleanStart: false)
            #expect(broker.snapshot.subscriptions == 0)
        }
    }

    @Test func theQueueOfAnAbsentClientIsBounded() async throws {
        let events = Recorder<BrokerEvent>()
        try await withBroker(
            hooks: Hooks(observe: { events.record($0) }), limits: { $0.queuedMessagesPerSession = 10 }
        ) { broker, port in
            let (publisher, first) = (try Peer(port: port), try Peer(port: port))
            try publisher.connect("p")
            try first.connect("s", cleanStart: false)
            try first.subscribe("t")
            first.drop()
            try eventually("the connection ends") { broker.snapshot.connections == 1 }
            for index in 1...15 { try publisher.publishAcknowledged("t", "\(index)") }
            try eventually("the oldest made room") { broker.snapshot.dropped[.queueFullOldest] == 5 }
            let second = try Peer(port: port)
            try second.connect("s", cleanStart: false)
            for index in 6...15 { #expect(try second.nextPublish().text == "\(index)") }
            #expect(events.all.map(\.summary).filter { $0 == "dropped s t queueFullOldest" }.count == 5)
        }
    }

    @Test func thereIsALimitOfSessions() async throws {
        try await withBroker(limits: { $0.sessions = 2 }) { _, port in
            let peers = try (0..<3).map { _ in try Peer(port: port, version: .v5_0) }
            try peers[0].connect("a")
            try peers[1].connect("b")
            #expect(try peers[2].connectAnswer("c").reasonCode == .serverBusy)
        }
    }
}

extension Peer {
    /// PINGREQ and its answer, past answers to publications.
    fileprivate func pingPastAnswers() throws {
        try send(.pingreq(Pingreq()))
        while let packet = try next(), packet != .pingresp(Pingresp()) {}
    }
}
