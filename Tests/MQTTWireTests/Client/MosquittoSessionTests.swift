import MQTTWire
import Testing

/// What a lost connection costs: nothing that was promised.
@Suite("Client with mosquitto: sessions and connections", .timeLimit(.minutes(2)))
struct MosquittoSessionTests {
    private static let persistent: @Sendable (inout MQTTClient.Configuration) -> Void = {
        $0.cleanStart = false
        $0.sessionExpiry = 300
    }

    private func publication(_ topic: String, _ payload: [UInt8], _ qos: QoS = .atLeastOnce) throws -> MQTTPublication {
        MQTTPublication(topic: try TopicName(topic), payload: payload, qos: qos)
    }

    @Test("A resumed session brings what was missed, without a new subscription", arguments: ProtocolVersion.allCases)
    func resumption(version: ProtocolVersion) async throws {
        let broker = try await Mosquitto()
        let relay = try Relay(to: broker.port)
        let client = try await MQTTClient.connected(
            .test(relay.port, "kept", version).with(Self.persistent).with { $0.resubscribes = false })
        try await client.subscribe(to: TopicFilter("news"), qos: .exactlyOnce)
        let other = try await MQTTClient.connected(.test(broker.port, "other"))
        relay.hold(true)
        relay.cut()
        try await client.isWaiting()
        for number in 0..<10 { try await other.publish(publication("news", [UInt8(number)], .exactlyOnce)) }
        relay.hold(false)
        let received = try await client.collect(10)
        #expect(received.map { [UInt8]($0.payload) } == (0..<10).map { [UInt8($0)] })
        let info = try await client.connect()
        #expect(info.sessionPresent == version.hasSessionPresentFlag)
        await client.disconnect()
        await other.disconnect()
    }

    @Test(
        "What was under way when the connection broke arrives on the next one", arguments: ProtocolVersion.allCases,
        [QoS.atLeastOnce, .exactlyOnce])
    func inFlight(version: ProtocolVersion, qos: QoS) async throws {
        let broker = try await Mosquitto()
        let relay = try Relay(to: broker.port)
        let watcher = try await MQTTClient.connected(.test(broker.port, "watcher"))
        try await watcher.subscribe(to: TopicFilter("#"), qos: .exactlyOnce)
        let client = try await MQTTClient.connected(.test(relay.port, "sender", version).with(Self.persistent))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for round in 0..<4 {
                relay.hold(true)
                for number in 0..<5 {
                    let publication = try publication("t", [UInt8(round), UInt8(number)], qos)
                    group.addTask { try await client.publish(publication) }
                }
                // Sometimes the messages have reached the server and the acknowledgements have not, sometimes neither.
                if round % 2 == 1 { relay.hold(false) }
                relay.cut()
                relay.hold(false)
                try await client.isConnectedAgain()
            }
            try await group.waitForAll()
        }
        try await client.publish(publication("end", [], .exactlyOnce))
        var seen: [[UInt8]] = []
        while let message = try await watcher.collect(1).first, message.topic.text != "end" {
            seen.append([UInt8](message.payload))
        }
        let expected = (0..<4).flatMap { round in (0..<5).map { [UInt8(round), UInt8($0)] } }
        #expect(Set(seen) == Set(expected))
        if qos == .exactlyOnce { #expect(seen.count == expected.count) }
        await client.disconnect()
        await watcher.disconnect()
    }

    @Test(
        "After the broker was killed and restarted the subscriptions stand again", arguments: ProtocolVersion.allCases)
    func restart(version: ProtocolVersion) async throws {
        let broker = try await Mosquitto()
        let client = try await MQTTClient.connected(.test(broker.port, "client", version))
        for topic in ["a", "b/+", "c/#"] { try await client.subscribe(to: TopicFilter(topic)) }
        try await client.unsubscribe([TopicFilter("a")])
        broker.kill()
        try await client.isWaiting()
        let waiting = Task {
            try await client.publish(MQTTPublication(topic: TopicName("b/1"), payload: [9], qos: .atLeastOnce))
        }
        try await broker.start()
        try await waiting.value
        #expect([UInt8](try #require(try await client.collect(1).first).payload) == [9])
        try await client.publish(publication("a", []))
        try await client.publish(publication("c/x", [1]))
        #expect(try await client.collect(1).first?.topic.text == "c/x")
        await client.disconnect()
    }

    @Test(
        "A message that the program has not acknowledged comes again, one that it has does not",
        arguments: [QoS.atLeastOnce, .exactlyOnce])
    func manualAcknowledgement(qos: QoS) async throws {
        let broker = try await Mosquitto()
        let relay = try Relay(to: broker.port)
        let client = try await MQTTClient.connected(
            .test(relay.port, "manual").with(Self.persistent).with { $0.acknowledgement = .manual })
        try await client.subscribe(to: TopicFilter("t"), qos: qos)
        let other = try await MQTTClient.connected(.test(broker.port, "other"))
        for number in 0..<3 { try await other.publish(publication("t", [UInt8(number)], qos)) }
        let first = try await client.collect(3)
        first[1].acknowledge()
        first[0].acknowledge()
        // PUBACKs leave in order behind this one, so that the server has them once it has answered.
        try await client.publish(publication("marker", [], .atLeastOnce))
        relay.cut()
        try await client.isWaiting()
        try await client.isConnectedAgain()
        if qos == .atLeastOnce {
            let again = try #require(try await client.collect(1).first)
            #expect([UInt8](again.payload) == [2])
            #expect(again.isDuplicate)
            again.acknowledge()
        } else {
            // The program has it: the repetition is the client's to answer.
            first[2].acknowledge()
        }
        try await other.publish(publication("t", [3], qos))
        #expect([UInt8](try #require(try await client.collect(1).first).payload) == [3])
        await client.disconnect()
        await other.disconnect()
    }

    @Test(
        "An idle client keeps its connection, one whose server is dead gives it up", arguments: ProtocolVersion.allCases
    )
    func keepAlive(version: ProtocolVersion) async throws {
        let broker = try await Mosquitto()
        let relay = try Relay(to: broker.port)
        let client = try await MQTTClient.connected(
            .test(relay.port, "idle", version).with {
                $0.keepAlive = .seconds(1)
                $0.pingTimeout = .milliseconds(500)
            })
        let states = client.states
        let start = ContinuousClock.now
        let lost = Task {
            for await state in states {
                if case .waiting(let error, _) = state { return (error, ContinuousClock.now - start) }
            }
            throw TimeLimitExceeded()
        }
        // Mosquitto would end the connection after 1.5 s of silence.
        try await Task.sleep(for: .seconds(2.5))
        relay.hold(true)
        let (error, elapsed) = try await within(.seconds(50), "the dead server is noticed") { try await lost.value }
        #expect(error == .timedOut(.pingresp, after: .milliseconds(500)))
        #expect(elapsed >= .seconds(2.5))
        relay.hold(false)
        try await client.isConnectedAgain()
        await client.disconnect()
    }

    @Test(
        "A will is published when the client vanishes, and not when it says goodbye",
        arguments: ProtocolVersion.allCases, QoS.allCases)
    func will(version: ProtocolVersion, qos: QoS) async throws {
        let broker = try await Mosquitto()
        let watcher = try await MQTTClient.connected(.test(broker.port, "watcher"))
        try await watcher.subscribe(to: TopicFilter("will/#"), qos: .exactlyOnce)
        let will = Will(topic: try TopicName("will/x"), payload: [1, 0, 255], qos: qos)
        let polite = try await MQTTClient.connected(.test(broker.port, "polite", version).with { $0.will = will })
        await polite.disconnect()
        let gone = try await MQTTClient.connected(
            .test(broker.port, "gone", version).with {
                $0.will = Will(topic: will.topic, payload: [2], qos: qos, retain: true)
            })
        await gone.abort()
        let message = try #require(try await watcher.collect(1).first)
        #expect([UInt8](message.payload) == [2])
        #expect(message.qos == qos)
        if version.hasReasonCodes {
            let spoken = try await MQTTClient.connected(.test(broker.port, "spoken", version).with { $0.will = will })
            await spoken.disconnect(reason: .disconnectWithWill)
            #expect([UInt8](try #require(try await watcher.collect(1).first).payload) == [1, 0, 255])
        }
        await watcher.disconnect()
    }
}
