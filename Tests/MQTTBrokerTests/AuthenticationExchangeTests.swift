import MQTTBroker
import MQTTWire
import Synchronization
import Testing

/// Enhanced authentication: section 4.12 of MQTT 5.0.
struct AuthenticationExchangeTests {
    /// A method in two steps: the client says "hello", is challenged with "who", says a name, and hears "welcome".
    private static func hooks(_ kinds: Recorder<AuthenticationStep.Kind> = Recorder()) -> Hooks {
        Hooks(beginExchange: { _, method in
            guard method == "ASK" else { return nil }
            return AuthenticationExchange { step, _ in
                kinds.record(step.kind)
                switch (step.kind, step.data.map { String(decoding: $0, as: UTF8.self) }) {
                case (.response, "mallory"): return .refuse(.notAuthorized)
                case (.response, "late"): return nil
                case (.response, let name?):
                    return .allow(as: ClientIdentity(rawValue: name), data: [UInt8]("welcome".utf8))
                default: return .challenge(data: [UInt8]("who".utf8))
                }
            }
        })
    }

    private func auth(_ code: ReasonCode, _ data: String, method: String = "ASK") throws -> Packet {
        .auth(
            Auth(
                reasonCode: code,
                properties: try Properties([
                    .authenticationMethod(method), .authenticationData([UInt8](data.utf8)),
                ])))
    }

    /// Sends CONNECT and takes the challenge.
    private func begin(_ port: UInt16, method: String = "ASK") throws -> Peer {
        let peer = try Peer(port: port, version: .v5_0)
        try peer.send(
            .connect(
                Connect(
                    version: .v5_0, clientID: try ClientID("c"),
                    properties: try Properties([
                        .authenticationMethod(method), .authenticationData([UInt8]("hello".utf8)),
                    ]))))
        return peer
    }

    @Test(
        "MQTT-4.12.0-2, MQTT-4.12.0-5, MQTT-4.12.1-1: challenge, CONNACK and re-authentication carry method and data")
    func succeeds() async throws {
        let kinds = Recorder<AuthenticationStep.Kind>()
        try await withBroker(hooks: Self.hooks(kinds)) { _, port in
            let peer = try begin(port)
            #expect(try peer.next() == auth(.continueAuthentication, "who"))
            try peer.send(auth(.continueAuthentication, "alice"))
            guard case .connack(let connack) = try peer.next() else {
                Issue.record("no CONNACK")
                return
            }
            #expect(connack.reasonCode == .success && connack.properties.authenticationMethod == "ASK")
            #expect(connack.properties.authenticationData == [UInt8]("welcome".utf8))
            try peer.ping()
            try peer.send(auth(.reauthenticate, "hello"))
            #expect(try peer.next() == auth(.continueAuthentication, "who"))
            try peer.ping()
            try peer.send(auth(.continueAuthentication, "alice"))
            #expect(try peer.next() == auth(.success, "welcome"))
            #expect(kinds.all == [.connect, .response, .reauthentication, .response])
            // Somebody else may not take the connection over.
            try peer.send(auth(.reauthenticate, "hello"))
            _ = try peer.next()
            try peer.send(auth(.continueAuthentication, "bob"))
            #expect(try peer.lastReason() == .notAuthorized)
        }
    }

    @Test("MQTT-4.12.0-1, MQTT-4.12.0-4, MQTT-4.12.1-2: a method that is unknown, an answer that is wrong")
    func refuses() async throws {
        try await withBroker(hooks: Self.hooks()) { broker, port in
            let unknown = try begin(port, method: "OTHER")
            #expect(try unknown.next() == .connack(Connack(reasonCode: .badAuthenticationMethod)))
            #expect(try unknown.next() == nil)
            let wrong = try begin(port)
            _ = try wrong.next()
            try wrong.send(auth(.continueAuthentication, "mallory"))
            #expect(try wrong.next() == .connack(Connack(reasonCode: .notAuthorized)))
            #expect(try wrong.next() == nil)
            let later = try begin(port)
            _ = try later.next()
            try later.send(auth(.continueAuthentication, "alice"))
            _ = try later.next()
            try later.send(auth(.reauthenticate, "hello"))
            _ = try later.next()
            try later.send(auth(.continueAuthentication, "mallory"))
            #expect(try later.lastReason() == .notAuthorized)
            #expect(broker.snapshot.refused == 2)
        }
        try await withBroker { _, port in
            let peer = try begin(port)
            #expect(try peer.next() == .connack(Connack(reasonCode: .badAuthenticationMethod)))
        }
    }

    @Test("MQTT-3.1.2-30, MQTT-3.1.4-6, MQTT-4.12.0-3: before CONNACK nothing but the next AUTH, or DISCONNECT")
    func takesNothingElse() async throws {
        try await withBroker(hooks: Self.hooks()) { broker, port in
            let wrong: [Packet] = [
                .pingreq(Pingreq()), try auth(.reauthenticate, "hello"),
                try auth(.continueAuthentication, "alice", method: "OTHER"),
                .publish(Publish(topic: try TopicName("t"), payload: [UInt8](repeating: 1, count: 100_000))),
            ]
            for packet in wrong {
                let peer = try begin(port)
                _ = try peer.next()
                try peer.send(packet)
                guard case .connack(let connack) = try peer.next() else {
                    Issue.record("no CONNACK after \(packet.type)")
                    return
                }
                #expect(connack.reasonCode == .protocolError)
                #expect(try peer.next() == nil)
            }
            let leaving = try begin(port)
            _ = try leaving.next()
            try leaving.send(.disconnect(Disconnect()))
            #expect(try leaving.next() == nil)
            #expect(broker.snapshot.connected == 0 && broker.snapshot.publishesReceived == 0)
        }
    }

    @Test("MQTT-4.12.0-6, MQTT-4.12.0-7: who named no method hears of none, and may not send AUTH")
    func staysOutOfTheWay() async throws {
        try await withBroker(hooks: Self.hooks()) { _, port in
            let peer = try Peer(port: port, version: .v5_0)
            #expect(try peer.connect("c").properties.authenticationMethod == nil)
            try peer.send(auth(.reauthenticate, "hello"))
            #expect(try peer.lastReason() == .protocolError)
        }
    }

    @Test("One step is enough, and the answer may come later")
    func needsNoChallenge() async throws {
        let waiting = Recorder<DeferredAuthenticationAnswer>()
        let hooks = Hooks(beginExchange: { _, _ in
            AuthenticationExchange { _, later in
                waiting.record(later)
                return nil
            }
        })
        try await withBroker(hooks: hooks) { _, port in
            let peer = try begin(port)
            try eventually("it is asked about") { waiting.all.count == 1 }
            #expect(try peer.isSilent(for: 50))
            waiting.all[0].give(.allow(as: ClientIdentity(rawValue: "alice")))
            waiting.all[0].give(.refuse(.banned))
            guard case .connack(let connack) = try peer.next() else {
                Issue.record("no CONNACK")
                return
            }
            #expect(connack.reasonCode == .success && connack.properties.authenticationData == nil)
            try peer.ping()
        }
    }

    @Test("A re-authentication has as much time, whoever is to speak")
    func aReauthenticationIsLimited() async throws {
        try await withBroker(hooks: Self.hooks(), limits: { $0.connectTimeout = .milliseconds(500) }) { broker, port in
            for word in [nil, "late"] {
                let peer = try begin(port)
                _ = try peer.next()
                try peer.send(auth(.continueAuthentication, "alice"))
                _ = try peer.next()
                try peer.send(auth(.reauthenticate, "hello"))
                #expect(try peer.next() == auth(.continueAuthentication, "who"))
                if let word { try peer.send(auth(.continueAuthentication, word)) }
                #expect(try peer.lastReason() == .notAuthorized)
            }
            #expect(broker.snapshot.authenticationTimeouts == 2)
            let prompt = try begin(port)
            _ = try prompt.next()
            for first in [true, false] {
                if !first {
                    try prompt.send(auth(.reauthenticate, "hello"))
                    _ = try prompt.next()
                }
                try prompt.send(auth(.continueAuthentication, "alice"))
                _ = try prompt.next()
            }
            pause(milliseconds: 600)
            try prompt.ping()
        }
    }

    @Test func theWholeExchangeIsPartOfTheTime() async throws {
        try await withBroker(hooks: Self.hooks(), limits: { $0.connectTimeout = .milliseconds(500) }) { broker, port in
            let (silent, undecided) = (try begin(port), try begin(port))
            _ = (try silent.next(), try undecided.next())
            try undecided.send(auth(.continueAuthentication, "late"))
            for peer in [silent, undecided] {
                #expect(try peer.next() == .connack(Connack(reasonCode: .serverUnavailable)))
                #expect(try peer.next() == nil)
            }
            #expect(broker.snapshot.connectTimeouts == 2)
        }
    }
}
