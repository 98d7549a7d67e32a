import MQTTBroker
import MQTTWire
import Testing

/// Sessions belong to identities; here a client's user name is its identity.
struct IdentityTests {
    private let takeovers = Recorder<String>()

    private func hooks(
        allowingTakeovers: Bool = false, observe: (@Sendable (BrokerEvent) -> Void)? = nil
    ) -> Hooks {
        Hooks(
            authenticate: { request, _ in .allow(as: ClientIdentity(rawValue: request.userName ?? "")) },
            authorizeTakeover: { [takeovers] clientID, owner, newcomer in
                takeovers.record("\(clientID): \(owner.rawValue) -> \(newcomer.rawValue)")
                return allowingTakeovers
            }, observe: observe)
    }

    private static let everyWay = [ProtocolVersion.v3_1_1, .v5_0].flatMap { [($0, true), ($0, false)] }

    private func will(_ payload: String) throws -> Will {
        Will(topic: try TopicName("will"), payload: [UInt8](payload.utf8), qos: .atMostOnce)
    }

    @Test("Another identity ends no connection, whether it wants to wipe the session or not", arguments: everyWay)
    func aConnectedSessionIsSafe(version: ProtocolVersion, cleanStart: Bool) async throws {
        let events = Recorder<BrokerEvent>()
        try await withBroker(hooks: hooks(observe: { events.record($0) })) { broker, port in
            let owner = try Peer(port: port, version: version)
            try owner.connect("gw1", cleanStart: false, will: try will("owner's"), userName: "alice")
            try owner.subscribe("t", "will")
            let before = events.all.count
            let other = try Peer(port: port, version: version)
            let refusal = try other.connectAnswer(
                "gw1", cleanStart: cleanStart, will: try will("other's"), userName: "mallory")
            #expect(refusal.reasonCode == .notAuthorized)
            #expect(refusal.sessionPresent == false)
            #expect(try other.next() == nil)
            // The owner has heard nothing, and still gets what it subscribed to.
            #expect(events.all.count == before)
            try owner.publish("t", "still mine")
            #expect(try owner.nextPublish().text == "still mine")
            #expect(takeovers.all == ["gw1: alice -> mallory"])
            #expect(broker.snapshot.refused == 1 && broker.snapshot.subscriptions == 2)
            // Its will is still the one that it left.
            let watcher = try Peer(port: port)
            try watcher.connect("watcher", userName: "bob")
            try watcher.subscribe("will")
            owner.drop()
            #expect(try watcher.nextPublish().text == "owner's")
        }
    }

    @Test("Another identity neither resumes nor wipes a kept session, nor cancels its will", arguments: everyWay)
    func aKeptSessionIsSafe(version: ProtocolVersion, cleanStart: Bool) async throws {
        try await withBroker(hooks: hooks()) { broker, port in
            let watcher = try Peer(port: port)
            try watcher.connect("watcher", userName: "bob")
            try watcher.subscribe("will")
            let kept: [Property] = version == .v5_0 ? [.sessionExpiryInterval(1000)] : []
            let will = Will(
                topic: try TopicName("will"), payload: [1], qos: .atMostOnce,
                properties: try Properties(version == .v5_0 ? [.willDelayInterval(1)] : []))
            let first = try Peer(port: port, version: version)
            try first.connect("gw1", cleanStart: false, will: will, userName: "alice", properties: kept)
            try first.subscribe("t")
            first.drop()
            try eventually("it left") { broker.snapshot.connections == 1 }
            let other = try Peer(port: port, version: version)
            let refusal = try other.connectAnswer("gw1", cleanStart: cleanStart, userName: "mallory")
            #expect(refusal.reasonCode == .notAuthorized)
            #expect(try watcher.nextPublish().payload == [1])
            try watcher.publish("t", "kept", qos: .atLeastOnce)
            #expect(try watcher.nextPuback().reasonCode == .success)
            let second = try Peer(port: port, version: version)
            let connack = try second.connect("gw1", cleanStart: false, userName: "alice", properties: kept)
            #expect(connack.sessionPresent)
            #expect(try second.nextPublish().text == "kept")
        }
    }

    @Test("Without a hook the answer is no, and the same identity is never asked about")
    func theDefaultIsNo() async throws {
        var hooks = hooks()
        hooks.authorizeTakeover = nil
        try await withBroker(hooks: hooks) { _, port in
            let first = try Peer(port: port)
            try first.connect("gw1", userName: "alice")
            #expect(try Peer(port: port).connectAnswer("gw1", userName: "mallory").reasonCode == .notAuthorized)
            try first.ping()
            let second = try Peer(port: port)
            try second.connect("gw1", userName: "alice")
            #expect(try first.next() == nil)
        }
    }

    @Test("A takeover that is granted is one like any other, and the session is the newcomer's from then on")
    func aGrantedTakeover() async throws {
        let seen = Recorder<BrokerEvent>()
        var hooks = hooks(observe: { seen.record($0) })
        hooks.authorizeTakeover = { [takeovers] clientID, owner, newcomer in
            takeovers.record("\(clientID): \(owner.rawValue) -> \(newcomer.rawValue)")
            return newcomer.rawValue == "enrolled"
        }
        try await withBroker(hooks: hooks) { _, port in
            let kept: [Property] = [.sessionExpiryInterval(1000)]
            let old = try Peer(port: port, version: .v5_0)
            try old.connect("gw1", cleanStart: false, userName: "shared", properties: kept)
            try old.subscribe("t")
            try old.publish("t", "in flight", qos: .atLeastOnce)
            _ = try old.nextPublish()
            let new = try Peer(port: port, version: .v5_0)
            let connack = try new.connect("gw1", cleanStart: false, userName: "enrolled", properties: kept)
            #expect(connack.sessionPresent)
            #expect(try old.lastReason() == .sessionTakenOver)
            #expect(try new.nextPublish().text == "in flight")
            let late = try Peer(port: port, version: .v5_0)
            #expect(try late.connectAnswer("gw1", userName: "shared").reasonCode == .notAuthorized)
            #expect(takeovers.all == ["gw1: shared -> enrolled", "gw1: enrolled -> shared"])
            let identities = seen.all.compactMap { event in
                if case .connected(let client, sessionPresent: _) = event { client.identity.rawValue } else { nil }
            }
            #expect(identities == ["shared", "enrolled"])
        }
    }

    @Test func theStoreKeepsTheOwner() async throws {
        let store = MemoryStore()
        try await withBroker(hooks: hooks(), store: store) { _, port in
            try Peer(port: port).connect("gw1", cleanStart: false, userName: "alice")
        }
        try await withBroker(hooks: hooks(), store: store) { _, port in
            let other = try Peer(port: port).connectAnswer("gw1", cleanStart: true, userName: "mallory")
            #expect(other.reasonCode == .notAuthorized)
            #expect(try Peer(port: port).connect("gw1", cleanStart: false, userName: "alice").sessionPresent)
        }
        try await withBroker(hooks: hooks(allowingTakeovers: true), store: store) { _, port in
            let peer = try Peer(port: port)
            #expect(try peer.connect("gw1", cleanStart: false, userName: "bob").sessionPresent)
        }
        #expect(store.load().sessions.map(\.owner.rawValue) == ["bob"])
    }

    // MARK: Broker.disconnect

    @Test("What is disconnected loses connection and session, if its identity is meant")
    func endsConnectionAndSession() async throws {
        try await withBroker(hooks: hooks()) { broker, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect(
                "gw1", cleanStart: false, userName: "alice", properties: [.sessionExpiryInterval(1000)])
            let id = try ClientID("gw1")
            broker.disconnect(id, reason: "not meant") { $0.rawValue == "mallory" }
            broker.disconnect(try ClientID("nobody"), reason: "unknown") { _ in true }
            try peer.ping()
            broker.disconnect(id, reason: "revoked") { $0.rawValue == "alice" }
            #expect(try peer.lastReason() == .administrativeAction)
            try eventually("its session is gone") { broker.snapshot.sessions == 0 }
            // The client id is free for whoever comes now.
            #expect(try Peer(port: port).connect("gw1", cleanStart: false, userName: "bob").sessionPresent == false)
            try eventually("it left") { broker.snapshot.connections == 0 && broker.snapshot.sessions == 1 }
            broker.disconnect(id, reason: "absent") { $0.rawValue == "bob" }
            try eventually("its session is gone") { broker.snapshot.sessions == 0 }
        }
    }

    @Test("Whoever is disconnected leaves no will, neither at once nor later; a goodbye of the network's does")
    func takesTheWill() async throws {
        try await withBroker(hooks: hooks()) { broker, port in
            let watcher = try Peer(port: port)
            try watcher.connect("watcher", userName: "bob")
            try watcher.subscribe("will")
            let connected = try Peer(port: port)
            try connected.connect("gw1", will: try will("at once"), userName: "alice")
            let later = Will(
                topic: try TopicName("will"), payload: [1], qos: .atMostOnce,
                properties: try Properties([.willDelayInterval(1000)]))
            let absent = try Peer(port: port, version: .v5_0)
            try absent.connect(
                "gw2", cleanStart: false, will: later, userName: "alice", properties: [.sessionExpiryInterval(1000)])
            absent.drop()
            try eventually("it left") { broker.snapshot.connections == 2 }
            for id in ["gw1", "gw2"] { broker.disconnect(try ClientID(id), reason: "revoked") { _ in true } }
            try eventually("only the watcher is left") { broker.snapshot.sessions == 1 }
            let other = try Peer(port: port)
            try other.connect("gw1", will: try will("lost"), userName: "bob")
            other.drop()
            #expect(try watcher.nextPublish().text == "lost")
        }
    }

    @Test("Whoever loses a session to another identity leaves no will in it", arguments: [true, false])
    func takeoverTakesTheWill(cleanStart: Bool) async throws {
        try await withBroker(hooks: hooks(allowingTakeovers: true)) { broker, port in
            let watcher = try Peer(port: port)
            try watcher.connect("watcher", userName: "bob")
            try watcher.subscribe("will")
            let old = try Peer(port: port)
            try old.connect("gw1", will: try will("the old one's"), userName: "alice")
            let new = try Peer(port: port)
            try new.connect("gw1", cleanStart: cleanStart, will: try will("the new one's"), userName: "bob")
            #expect(try old.last() == nil)
            new.drop()
            #expect(try watcher.nextPublish().text == "the new one's")
        }
    }

    @Test("All sessions of an identity end at once, absent ones too, and what is being decided is refused")
    func endsAll() async throws {
        let waiting = Recorder<DeferredAuthentication>()
        var hooks = hooks()
        hooks.authenticate = { request, later in
            if let user = request.userName { return .allow(as: ClientIdentity(rawValue: user)) }
            waiting.record(later)
            return nil
        }
        try await withBroker(hooks: hooks) { broker, port in
            let others = try (0..<4).map { number in
                let other = try Peer(port: port)
                try other.connect("other-\(number)", cleanStart: false, userName: "bob")
                return other
            }
            let connected = try (0..<4).map { number in
                let peer = try Peer(port: port)
                try peer.connect("gw\(number)", cleanStart: false, userName: "alice")
                return peer
            }
            let absent = try Peer(port: port)
            try absent.connect("absent", cleanStart: false, userName: "alice")
            absent.drop()
            let undecided = try Peer(port: port)
            try undecided.send(.connect(Connect(clientID: try ClientID("new"))))
            try eventually("one left, one is asked about") {
                broker.snapshot.connections == 9 && waiting.all.count == 1
            }
            broker.disconnectAll(reason: "removed") { $0.rawValue == "alice" }
            for peer in connected { #expect(try peer.next() == nil) }
            #expect(try undecided.next() == .connack(Connack(reasonCode: .serverUnavailable)))
            try eventually("the others' sessions are left") { broker.snapshot.sessions == 4 }
            for other in others { try other.ping() }
        }
    }

    @Test("Identities are told apart by their bytes, not by what Unicode takes for the same text")
    func bytes() {
        let (letter, kelvin) = (ClientIdentity(rawValue: "K"), ClientIdentity(rawValue: "\u{212A}"))
        #expect(letter.rawValue == kelvin.rawValue && letter != kelvin)
        #expect(Set([letter, kelvin, letter]).count == 2)
    }

    @Test("What is being decided about a client id when it is disconnected is not granted afterwards")
    func endsWhatIsUndecided() async throws {
        let waiting = Recorder<DeferredAuthentication>()
        let hooks = Hooks(authenticate: { _, later in
            waiting.record(later)
            return nil
        })
        try await withBroker(hooks: hooks) { broker, port in
            let (peer, other) = (try Peer(port: port), try Peer(port: port))
            try other.send(.connect(Connect(clientID: try ClientID("gw2"))))
            try eventually("the hook is asked") { waiting.all.count == 1 }
            try peer.send(.connect(Connect(clientID: try ClientID("gw1"))))
            try eventually("the hook is asked again") { waiting.all.count == 2 }
            broker.disconnect(try ClientID("gw1"), reason: "revoked") { _ in true }
            #expect(try peer.next() == .connack(Connack(reasonCode: .serverUnavailable)))
            for decision in waiting.all { decision.answer(.allow()) }
            #expect(try peer.next() == nil)
            #expect(try other.next() == .connack(Connack(reasonCode: .success)))
        }
    }
}
