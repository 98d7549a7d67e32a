import MQTTWire
import Testing

/// What goes wrong is told as what it is.
@Suite("Client with mosquitto: refusals", .timeLimit(.minutes(2)))
struct MosquittoRefusalTests {
    @Test("A wrong password is refused, the right one is not", arguments: ProtocolVersion.allCases)
    func password(version: ProtocolVersion) async throws {
        let broker = try await Mosquitto(passwords: ["user": "password"])
        let right = try MQTTClient.Configuration.test(broker.port, "c", version).with {
            $0.userName = "user"
            $0.password = [UInt8]("password".utf8)
        }
        let client = try await MQTTClient.connected(right)
        await client.disconnect()
        let wrong = try MQTTClient(right.with { $0.password = [UInt8]("passwort".utf8) })
        // Mosquitto 2.0 says "not authorised" for a wrong password in every version.
        await #expect(throws: MQTTClientError.refused(.notAuthorized, reason: nil)) { try await wrong.connect() }
        await #expect(throws: MQTTClientError.notConnected) {
            try await wrong.publish(MQTTPublication(topic: TopicName("t"), payload: [], qos: .atLeastOnce))
        }
        await wrong.disconnect()
    }

    @Test("A packet larger than the server takes is refused before it is sent, and the connection stands")
    func maximumPacketSize() async throws {
        let broker = try await Mosquitto(options: ["max_packet_size 1000"])
        let client = try await MQTTClient.connected(.test(broker.port, "c"))
        #expect(try await client.connect().capabilities.maximumPacketSize == 1000)
        let topic = try TopicName("t")
        for qos in QoS.allCases {
            await #expect(throws: MQTTClientError.self) {
                try await client.publish(MQTTPublication(topic: topic, payload: .pattern(2000), qos: qos))
            }
        }
        do {
            try await client.publish(MQTTPublication(topic: topic, payload: .pattern(1000), qos: .atLeastOnce))
            Issue.record("a packet of more than 1000 bytes was accepted")
        } catch {
            // Fixed header 3, topic 3, packet id 2, property length 1.
            #expect(error == .packetTooLarge(size: 1009, maximum: 1000))
        }
        try await client.publish(MQTTPublication(topic: topic, payload: .pattern(991), qos: .atLeastOnce))
        await client.disconnect()
    }

    @Test("A packet larger than the client takes ends the connection as a violation")
    func ownMaximumPacketSize() async throws {
        let broker = try await Mosquitto()
        let client = try await MQTTClient.connected(
            .test(broker.port, "small", .v3_1_1).with {
                $0.maximumPacketSize = 100
                $0.reconnect = .never
            })
        try await client.subscribe(to: TopicFilter("t"))
        try await client.publish(MQTTPublication(topic: TopicName("t"), payload: .pattern(5000)))
        let state = try await client.reaches("disconnected") { if case .disconnected = $0 { true } else { false } }
        guard case .disconnected(.protocolViolation(let error)?) = state else {
            Issue.record("\(state)")
            return
        }
        #expect(error.code == .packetTooLarge)
        await client.disconnect()
    }

    @Test("A publication that the server forbids fails with its reason code (5.0)")
    func forbidden() async throws {
        let broker = try await Mosquitto(access: ["topic readwrite open/#"])
        let client = try await MQTTClient.connected(.test(broker.port, "c"))
        for qos in [QoS.atLeastOnce, .exactlyOnce] {
            await #expect(throws: MQTTClientError.publishRefused(.notAuthorized, reason: nil)) {
                try await client.publish(MQTTPublication(topic: TopicName("closed"), payload: [], qos: qos))
            }
            try await client.publish(MQTTPublication(topic: TopicName("open/x"), payload: [], qos: qos))
        }
        await client.disconnect()
    }

    @Test("Nobody listens, nobody answers: each is told apart")
    func unreachable() async throws {
        let port = try ListeningSocket(host: "127.0.0.1", port: 0).address.port
        let refused = try MQTTClient(.test(port, "c"))
        do {
            try await refused.connect()
            Issue.record("connected to nobody")
        } catch {
            guard case .transport(.cannotConnect(host: "127.0.0.1", port: port, _)) = error else {
                Issue.record("\(error)")
                return
            }
        }
        // Its backlog accepts the connection, but nobody says CONNACK.
        let mute = try ListeningSocket(host: "127.0.0.1", port: 0)
        let unanswered = try MQTTClient(.test(mute.address.port, "c").with { $0.connectTimeout = .milliseconds(200) })
        await #expect(throws: MQTTClientError.timedOut(.connack, after: .milliseconds(200))) {
            try await unanswered.connect()
        }
    }

    @Test("A cancelled task gets its error at once, an ended client refuses everything")
    func cancelledAndEnded() async throws {
        let broker = try await Mosquitto()
        let relay = try Relay(to: broker.port)
        let client = try await MQTTClient.connected(.test(relay.port, "c"))
        relay.hold(true)
        let publishing = Task {
            try await client.publish(MQTTPublication(topic: TopicName("t"), payload: [1], qos: .atLeastOnce))
        }
        publishing.cancel()
        await #expect(throws: MQTTClientError.cancelled) { try await publishing.value }
        let subscribing = Task { try await client.subscribe(to: TopicFilter("x")) }
        try await Task.sleep(for: .milliseconds(20))
        await client.abort()
        await #expect(throws: MQTTClientError.ended) { try await subscribing.value }
        await #expect(throws: MQTTClientError.ended) { try await client.connect() }
        for await _ in client.messages { Issue.record("a message of an ended client") }
        relay.hold(false)
    }
}
