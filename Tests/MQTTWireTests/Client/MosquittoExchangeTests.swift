import MQTTWire
import Testing

/// Messages both ways over Debian's mosquitto.
@Suite("Client with mosquitto: messages", .timeLimit(.minutes(2)))
struct MosquittoExchangeTests {
    @Test(
        "Every payload arrives as it was, at every QoS of every version", arguments: ProtocolVersion.allCases,
        QoS.allCases)
    func everyQoS(version: ProtocolVersion, qos: QoS) async throws {
        let broker = try await Mosquitto()
        try await MQTTClient.withConnection(.test(broker.port, "all-\(version)-\(qos.rawValue)", version)) { client in
            let granted = try await client.subscribe(to: TopicFilter("a/+"), qos: qos)
            #expect(granted == qos)
            let payloads: [[UInt8]] = [
                [], [0x20], Array(0...255), [UInt8](repeating: 7, count: 4_096), .pattern(100_000),
            ]
            for payload in payloads {
                try await client.publish(MQTTPublication(topic: TopicName("a/b"), payload: payload, qos: qos))
            }
            let received = try await client.collect(payloads.count)
            #expect(received.map { [UInt8]($0.payload) } == payloads)
            #expect(received.allSatisfy { $0.qos == qos && !$0.retain && $0.topic.text == "a/b" })
        }
    }

    @Test(
        "A field gateway publishes at QoS 0 first and sends its subscriptions one by one",
        arguments: [ProtocolVersion.v3_1, .v3_1_1])
    func fieldGateway(version: ProtocolVersion) async throws {
        let broker = try await Mosquitto()
        let cloud = try await MQTTClient.connected(.test(broker.port, "cloud"))
        try await cloud.subscribe(to: TopicFilter("TOCLOUD/#"), qos: .atLeastOnce)
        let gateway = try await MQTTClient.connected(.test(broker.port, "gw1", version))
        try await gateway.publish(
            MQTTPublication(topic: TopicName("TOCLOUD/REQUEST_LATEST_VERSION/gw1"), payload: [0x20]))
        for name in ["UPGRADE", "LATEST_VERSION", "AVAILABLE_VERSIONS", "DOWNLOAD_UPGRADE"] {
            try await gateway.subscribe(to: TopicFilter("TOGATEWAY/\(name)"))
            try await gateway.subscribe(to: TopicFilter("TOGATEWAY/\(name)/gw1"))
        }
        let request = try #require(try await cloud.collect(1).first)
        #expect([UInt8](request.payload) == [0x20])
        #expect(request.qos == .atMostOnce)
        try await cloud.publish(
            MQTTPublication(topic: TopicName("TOGATEWAY/UPGRADE/gw1"), payload: [1, 2], qos: .atLeastOnce))
        #expect([UInt8](try #require(try await gateway.collect(1).first).payload) == [1, 2])
        await gateway.disconnect()
        await cloud.disconnect()
    }

    @Test("A payload of 64 MiB arrives bit for bit, in the memory it was received into")
    func large() async throws {
        let broker = try await Mosquitto()
        let payload = SharedBytes(count: 64 << 20) { memory in
            for index in memory.indices { memory[index] = UInt8(truncatingIfNeeded: index &* 31 &+ index >> 13) }
        }
        let receiver = try await MQTTClient.connected(.test(broker.port, "receiver"))
        try await receiver.subscribe(to: TopicFilter("big"), qos: .atLeastOnce)
        let sender = try await MQTTClient.connected(.test(broker.port, "sender", .v3_1_1))
        try await sender.publish(MQTTPublication(topic: TopicName("big"), payload: payload, qos: .atLeastOnce))
        let message = try #require(try await receiver.collect(1, within: .seconds(60)).first)
        #expect(message.payload.count == payload.count)
        let isEqual = message.payload.withUnsafeBytes { received in
            payload.withUnsafeBytes { sent in received.elementsEqual(sent) }
        }
        #expect(isEqual)
        await sender.disconnect()
        await receiver.disconnect()
    }

    @Test("Retained messages, properties and subscription options of 5.0")
    func properties() async throws {
        let broker = try await Mosquitto()
        try await MQTTClient.withConnection(.test(broker.port, "p")) { client in
            let properties = try Properties([
                .contentType("text/plain"), .userProperty(UserProperty(name: "k", value: "v")),
            ])
            try await client.publish(
                MQTTPublication(
                    topic: TopicName("kept"), payload: [1], qos: .atLeastOnce, retain: true, properties: properties))
            try await client.subscribe(
                [Subscription(TopicFilter("kept"), SubscriptionOptions(.atLeastOnce))],
                properties: Properties([.subscriptionIdentifier(77)]))
            let message = try #require(try await client.collect(1).first)
            #expect(message.retain)
            #expect(message.properties.contentType == "text/plain")
            #expect(message.properties.userProperties == [UserProperty(name: "k", value: "v")])
            #expect(message.properties.subscriptionIdentifier == 77)
            try await client.unsubscribe([TopicFilter("kept")])
            try await client.publish(MQTTPublication(topic: TopicName("kept"), payload: [2], qos: .atLeastOnce))
            try await client.subscribe([
                Subscription(TopicFilter("kept"), SubscriptionOptions(.atLeastOnce, retainHandling: .doNotSend)),
                Subscription(TopicFilter("end"), SubscriptionOptions(.exactlyOnce)),
            ])
            try await client.publish(MQTTPublication(topic: TopicName("end"), payload: [], qos: .exactlyOnce))
            #expect(try await client.collect(1).first?.topic.text == "end")
        }
    }

    @Test("A reader that lags behind holds the server up and loses nothing", arguments: ProtocolVersion.allCases)
    func backPressure(version: ProtocolVersion) async throws {
        let broker = try await Mosquitto(options: ["max_queued_messages 1000"])
        var configuration = try MQTTClient.Configuration.test(broker.port, "slow", version)
        configuration.messageBuffer = 4
        // Mosquitto 2.0.11 itself exceeds it at QoS 2.
        configuration.enforcesReceiveMaximum = false
        let slow = try await MQTTClient.connected(configuration)
        try await slow.subscribe(to: TopicFilter("n"), qos: .exactlyOnce)
        let fast = try await MQTTClient.connected(.test(broker.port, "fast", version))
        // Not QoS 0, which a server may drop for a slow subscriber.
        for number in 0..<200 {
            let qos = number % 2 == 0 ? QoS.atLeastOnce : .exactlyOnce
            try await fast.publish(MQTTPublication(topic: TopicName("n"), payload: [UInt8(number)], qos: qos))
        }
        let received = try await slow.collect(200)
        #expect(received.map { $0.payload.withUnsafeBytes { $0[0] } } == Array(0..<200))
        await slow.disconnect()
        await fast.disconnect()
    }

    @Test("Many publications at once keep to the server's Receive Maximum and all arrive")
    func receiveMaximum() async throws {
        let broker = try await Mosquitto(options: ["max_inflight_messages 5", "max_queued_messages 1000"])
        let client = try await MQTTClient.connected(.test(broker.port, "r"))
        try await client.subscribe(to: TopicFilter("q"), qos: .exactlyOnce)
        let info = try await client.connect()
        #expect(info.capabilities.receiveMaximum == 5)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    try await client.publish(
                        MQTTPublication(topic: TopicName("q"), payload: [UInt8(number)], qos: .exactlyOnce))
                }
            }
            let received = try await client.collect(100)
            #expect(Set(received.map { $0.payload.withUnsafeBytes { $0[0] } }) == Set(0..<100))
            try await group.waitForAll()
        }
        await client.disconnect()
    }

    @Test("A thousand clients share one loop; handlers replace tasks")
    func thousand() async throws {
        let broker = try await Mosquitto(options: ["max_queued_messages 1000"])
        let loop = try EventLoop()
        let counter = Counter()
        var clients: [MQTTClient] = []
        for number in 0..<1000 {
            let configuration = try MQTTClient.Configuration.test(broker.port, "c\(number)", .v3_1_1)
            let client = try MQTTClient(configuration, loop: loop) { _ in counter.increment() }
            client.start()
            clients.append(client)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients { group.addTask { try await client.subscribe(to: TopicFilter("all")) } }
            try await group.waitForAll()
        }
        try await clients[0].publish(MQTTPublication(topic: TopicName("all"), payload: [1], qos: .atLeastOnce))
        try await eventually("every client has the message") { counter.value == 1000 }
        for client in clients { await client.disconnect() }
        loop.stop()
        loop.join()
    }
}
