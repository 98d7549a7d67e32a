import MQTTWire
import Synchronization
import Testing

/// What mosquitto does not do: servers that limit, misbehave, or say goodbye.
@Suite("Client with a scripted server", .timeLimit(.minutes(1)))
struct ScriptedServerTests {
    /// Accepts CONNECT with these properties.
    private static func accept(_ socket: LoopbackSocket, _ properties: [Property] = [], present: Bool = false) throws {
        _ = try socket.receivePacket()
        try socket.send(
            Connack(sessionPresent: present, reasonCode: .success, properties: Properties(properties)))
    }

    /// Connects without coming back, and tells how the connection ended.
    private func end(
        of server: ScriptedServer, _ change: (inout MQTTClient.Configuration) -> Void = { _ in }
    ) async throws -> MQTTClientError? {
        let client = try await MQTTClient.connected(
            .test(server.port, "c").with { $0.reconnect = .never }.with(change))
        let state = try await client.reaches("disconnected") { if case .disconnected = $0 { true } else { false } }
        await client.disconnect()
        guard case .disconnected(let error) = state else { return nil }
        return error
    }

    @Test("DISCONNECT of the server is told with its reason")
    func serverDisconnect() async throws {
        let server = try ScriptedServer { socket in
            try Self.accept(socket)
            try socket.send(
                Disconnect(reasonCode: .serverShuttingDown, properties: Properties([.reasonString("maintenance")])))
        }
        #expect(try await end(of: server) == .disconnectedByServer(.serverShuttingDown, reason: "maintenance"))
    }

    @Test(
        "What a server must not send ends the connection, and 5.0 tells it why",
        arguments: [
            ([0x00, 0x00], ReasonCode.malformedPacket),  // no packet type
            ([0x36, 0x00], .malformedPacket),  // PUBLISH with QoS 3
            ([0x82, 0x00], .protocolError),  // SUBSCRIBE to a client
            ([0x20, 0x03, 0, 0, 0], .protocolError),  // a second CONNACK
            ([0xF0, 0x00], .protocolError),  // AUTH out of the blue
            ([0x30, 0x06, 0, 0, 3, 0x23, 0, 9], .topicAliasInvalid),  // an alias, though none is allowed
            ([0x30, 0x05, 0, 1, 0x23, 0, 1], .malformedPacket),  // a topic name with a wildcard
        ] as [([UInt8], ReasonCode)])
    func violations(bytes: [UInt8], code: ReasonCode) async throws {
        let said = Mutex<Packet?>(nil)
        let server = try ScriptedServer { socket in
            try Self.accept(socket)
            try socket.send(bytes)
            let answer = try socket.receivePacket()
            said.withLock { $0 = answer }
        }
        guard case .protocolViolation(let error)? = try await end(of: server) else {
            Issue.record("no violation")
            return
        }
        #expect(error.code == code, "\(error)")
        try await eventually("the server hears it") { said.withLock { $0 } != nil }
        guard case .disconnect(let packet)? = said.withLock({ $0 }) else {
            Issue.record("no DISCONNECT")
            return
        }
        #expect(packet.reasonCode == code)
    }

    @Test("More unacknowledged messages than the Receive Maximum are a violation")
    func receiveMaximum() async throws {
        let server = try ScriptedServer { socket in
            try Self.accept(socket)
            for id in 1...3 {
                let head = try PublishHead(
                    flags: PublishFlags(qos: .atLeastOnce), topic: TopicName("t"), packetID: PacketID(UInt16(id)))
                try socket.send(Publish(head: head, payload: []))
            }
            _ = try socket.receivePacket()
        }
        let error = try await end(of: server) {
            $0.acknowledgement = .manual
            $0.receiveMaximum = 2
        }
        #expect(error == .protocolViolation(PacketError(.receiveMaximumExceeded, "")))
    }

    @Test("What the server says it does not do is refused without asking it")
    func capabilities() async throws {
        let server = try ScriptedServer { socket in
            try Self.accept(
                socket,
                [
                    .maximumQoS(.atLeastOnce), .retainAvailable(false), .wildcardSubscriptionAvailable(false),
                    .sharedSubscriptionAvailable(false), .subscriptionIdentifierAvailable(false), .topicAliasMaximum(3),
                    .serverKeepAlive(7), .assignedClientIdentifier("chosen"),
                ])
            // On a busy machine the keep-alive may be due before the test is through.
            while case .some = try socket.receivePacket() {}
        }
        let client = try MQTTClient(.test(server.port, ""))
        let info = try await client.connect()
        #expect(info.clientID.text == "chosen")
        #expect(info.keepAlive == .seconds(7))
        let topic = try TopicName("t")
        for publication in [
            MQTTPublication(topic: topic, payload: [], qos: .exactlyOnce),
            MQTTPublication(topic: topic, payload: [], retain: true),
            MQTTPublication(topic: topic, payload: [], properties: try Properties([.topicAlias(4)])),
        ] {
            await #expect(throws: MQTTClientError.self) { try await client.publish(publication) }
        }
        for filter in ["a/+", "$share/g/a"] {
            await #expect(throws: MQTTClientError.self) { try await client.subscribe(to: TopicFilter(filter)) }
        }
        await #expect(throws: MQTTClientError.unsupportedByServer("subscription identifiers")) {
            try await client.subscribe(
                [Subscription(TopicFilter("a"), SubscriptionOptions(.atLeastOnce))],
                properties: Properties([.subscriptionIdentifier(1)]))
        }
        await client.disconnect()
    }

    @Test("A refused subscription is told by its filter; the granted one stands")
    func refusedSubscription() async throws {
        let server = try ScriptedServer { socket in
            try Self.accept(socket)
            guard case .subscribe(let packet)? = try socket.receivePacket() else { return }
            try socket.send(Suback(packetID: packet.packetID, reasonCodes: [.grantedQoS1, .notAuthorized]))
            try socket.send(Publish(topic: TopicName("a"), payload: [1]))
            _ = try socket.receivePacket()
        }
        let client = try await MQTTClient.connected(.test(server.port, "c"))
        await #expect(throws: MQTTClientError.subscriptionsRefused([try TopicFilter("b"): .notAuthorized])) {
            try await client.subscribe([
                Subscription(TopicFilter("a"), SubscriptionOptions(.atLeastOnce)),
                Subscription(TopicFilter("b"), SubscriptionOptions(.atLeastOnce)),
            ])
        }
        #expect(try await client.collect(1).first?.topic.text == "a")
        await client.disconnect()
    }

    @Test("The server may abbreviate topics, as far as it was allowed to")
    func topicAliases() async throws {
        let server = try ScriptedServer { socket in
            try Self.accept(socket)
            for topic in [try TopicName("long/name"), nil, try TopicName("other"), nil] {
                let head = PublishHead(topic: topic, properties: try Properties([.topicAlias(2)]))
                try socket.send(Publish(head: head, payload: []))
            }
            _ = try socket.receivePacket()
        }
        let client = try await MQTTClient.connected(.test(server.port, "c").with { $0.topicAliasMaximum = 2 })
        #expect(try await client.collect(4).map(\.topic.text) == ["long/name", "long/name", "other", "other"])
        await client.disconnect()
    }

    @Test("Attempts go on with longer and longer waits, and begin anew after a lasting connection")
    func backoff() async throws {
        let attempts = Counter()
        let server = try ScriptedServer { socket in
            attempts.increment()
            _ = try socket.receivePacket()
            if attempts.value == 4 { try socket.send(Connack(reasonCode: .success)) }
            // The last attempt is left without an answer, so that no more states come than are kept.
            if attempts.value == 6 { _ = try socket.receivePacket() }
        }
        let client = try MQTTClient(
            .test(server.port, "c").with {
                $0.reconnect = .exponential(
                    initialDelay: .milliseconds(10), maximumDelay: .milliseconds(30), jitter: 0, stableAfter: .zero)
            })
        let states = client.states
        client.start()
        let waits = try await within(.seconds(50), "five waits") { () -> [Duration] in
            var waits: [Duration] = []
            for await case .waiting(_, let delay) in states {
                waits.append(delay)
                if waits.count == 5 { break }
            }
            return waits
        }
        #expect(
            waits == [.milliseconds(10), .milliseconds(20), .milliseconds(30), .milliseconds(10), .milliseconds(20)])
        await client.disconnect()
    }

    @Test("A QoS 2 message under way when the server lost its memory is neither lost in silence nor sent twice")
    func sessionLost() async throws {
        let connections = Counter()
        let published = Counter()
        let server = try ScriptedServer { socket in
            connections.increment()
            try Self.accept(socket)
            while let packet = try socket.receivePacket() {
                guard case .publish(let publish) = packet else { continue }
                published.increment()
                guard publish.head.flags.qos == .atLeastOnce, connections.value > 1, let id = publish.head.packetID
                else {
                    // Both are here now: the connection breaks before any answer.
                    if published.value == 2 { return }
                    continue
                }
                #expect(!publish.head.flags.isDuplicate)
                try socket.send(Puback(packetID: id, reasonCode: .success, properties: Properties()))
            }
        }
        let client = try await MQTTClient.connected(.test(server.port, "c").with { $0.sessionExpiry = 60 })
        let once = Task {
            try await client.publish(MQTTPublication(topic: TopicName("2"), payload: [], qos: .exactlyOnce))
        }
        try await eventually("the first is there") { published.value == 1 }
        try await client.publish(MQTTPublication(topic: TopicName("1"), payload: [], qos: .atLeastOnce))
        await #expect(throws: MQTTClientError.sessionLost) { try await once.value }
        #expect(published.value == 3)
        await client.disconnect()
    }
}
