import MQTTBroker
import MQTTWire
import Testing

/// Publications of the embedding program to named connections, and what is told of them.
struct DeliveryTests {
    private let reports = Recorder<DeliveryReport>()
    private let clients = Recorder<ConnectedClient>()

    private var hooks: Hooks {
        let (reports, clients) = (reports, clients)
        return Hooks(
            observe: { event in
                if case .connected(let client, _) = event { clients.record(client) }
            }, observeDelivery: { reports.record($0) })
    }

    private func target(_ clientID: String, _ token: UInt64) throws -> DeliveryTarget {
        let client = try #require(clients.all.last { $0.clientID.text == clientID })
        return DeliveryTarget(
            clientID: client.clientID, connectionID: client.connectionID, token: DeliveryToken(rawValue: token))
    }

    private func publication(
        _ bytes: [UInt8], to targets: [DeliveryTarget], qos: QoS = .atLeastOnce, prefix: [UInt8] = []
    ) throws -> OutboundPublication {
        OutboundPublication(
            topic: try TopicName("UPGRADE/x"), prefix: prefix, body: SharedBytes(bytes), qos: qos,
            audience: .connections(targets), endsWithConnection: true)
    }

    private func reports(of token: UInt64) -> [DeliveryReport] {
        let token = DeliveryToken(rawValue: token)
        return reports.all.filter { $0 == .began(token) || $0 == .written(token) || $0.end(of: token) != nil }
    }

    @Test("Only the named connections get it, with the prefix before the body, and each tells its life")
    func reachesItsTargetsAlone() async throws {
        try await withBroker(hooks: hooks) { broker, port in
            let (named, other, deaf) = (try Peer(port: port), try Peer(port: port), try Peer(port: port))
            for (peer, id) in [(named, "named"), (other, "other"), (deaf, "deaf")] { try peer.connect(id) }
            try named.subscribe("UPGRADE/+")
            try other.subscribe("UPGRADE/+")
            broker.publish(
                try publication([3, 4], to: [try target("named", 1), try target("deaf", 2)], prefix: [1, 2]))
            let publish = try named.nextPublish()
            #expect(publish.payload == [1, 2, 3, 4])
            #expect(publish.head.flags.qos == .atLeastOnce)
            try eventually("it is written") { reports(of: 1).count == 2 }
            try named.acknowledge(publish)
            let token = DeliveryToken(rawValue: 1)
            try eventually("it has ended") { reports(of: 1).count == 3 }
            #expect(reports(of: 1) == [.began(token), .written(token), .ended(token, .delivered)])
            try eventually("without a subscription it was not sent") {
                reports(of: 2) == [.ended(DeliveryToken(rawValue: 2), .notSent)]
            }
            #expect(try other.isSilent())
        }
    }

    @Test func isDeliveredWhenWrittenToAQoS0Subscription() async throws {
        try await withBroker(hooks: hooks) { broker, port in
            let peer = try Peer(port: port)
            try peer.connect("c")
            try peer.subscribe("UPGRADE/x", qos: .atMostOnce)
            broker.publish(try publication([1], to: [try target("c", 1)]))
            #expect(try peer.nextPublish().head.flags.qos == .atMostOnce)
            try eventually("it has ended") {
                reports(of: 1).last == .ended(DeliveryToken(rawValue: 1), .delivered)
            }
            #expect(reports(of: 1).count == 3)
        }
    }

    @Test func aLaterConnectionIsAnotherOne() async throws {
        try await withBroker(hooks: hooks) { broker, port in
            let first = try Peer(port: port)
            try first.connect("c", cleanStart: false)
            try first.subscribe("UPGRADE/x")
            let old = try target("c", 1)
            first.drop()
            let second = try Peer(port: port)
            try second.connect("c", cleanStart: false)
            broker.publish(try publication([1], to: [old]))
            try eventually("it has ended") { reports(of: 1) == [.ended(old.token, .notSent)] }
            #expect(try second.isSilent())
        }
    }

    @Test("A departure from MQTT-4.4.0-1: such a delivery is not sent again on the next connection")
    func endsWithItsConnection() async throws {
        try await withBroker(hooks: hooks) { broker, port in
            let first = try Peer(port: port)
            try first.connect("c", cleanStart: false)
            try first.subscribe("UPGRADE/x")
            broker.publish(try publication([1], to: [try target("c", 1)]))
            _ = try first.nextPublish()
            first.drop()
            try eventually("written to a connection that then ended: delivered") {
                reports(of: 1).last == .ended(DeliveryToken(rawValue: 1), .delivered)
            }
            let second = try Peer(port: port)
            #expect(try second.connect("c", cleanStart: false).sessionPresent)
            #expect(try second.isSilent())
        }
    }

    @Test func isCutOffWhenTheConnectionBreaksInTheMiddle() async throws {
        try await withBroker(hooks: hooks) { broker, port in
            let peer = try Peer(port: port)
            try peer.connect("c")
            try peer.subscribe("UPGRADE/x")
            broker.publish(try publication(Self.large, to: [try target("c", 1)]))
            try eventually("it has begun") { !reports(of: 1).isEmpty }
            peer.drop()
            try eventually("it was cut off") {
                reports(of: 1) == [.began(.init(rawValue: 1)), .ended(.init(rawValue: 1), .cutOff)]
            }
        }
    }

    @Test("It is told how many bytes of a delivery the client has not acknowledged, while it is under way")
    func tellsHowFarItIs() async throws {
        try await withBroker(hooks: hooks) { broker, port in
            let (slow, waiting) = (try Peer(port: port), try Peer(port: port))
            for (peer, id) in [(slow, "slow"), (waiting, "waiting")] {
                try peer.connect(id)
                try peer.subscribe("UPGRADE/x")
            }
            func bytes(of token: UInt64) async -> Int? {
                await broker.unacknowledgedBytes(of: [DeliveryToken(rawValue: token)])[DeliveryToken(rawValue: token)]
            }
            #expect(await bytes(of: 1) == nil)
            broker.publish(try publication(Self.large, to: [try target("slow", 1)]))
            broker.publish(try publication(Self.large, to: [try target("slow", 2)]))
            try eventually("it has begun") { !reports(of: 1).isEmpty }
            let start = try #require(await bytes(of: 1))
            #expect(start > 0 && start <= Self.large.count + 64)
            #expect(await bytes(of: 2) == nil, "what has not begun is left out")
            let publish = try slow.nextPublish()
            try eventually("the second has begun") { !reports(of: 2).isEmpty }
            try slow.acknowledge(publish)
            try eventually("the first has ended") {
                reports(of: 1).last == .ended(DeliveryToken(rawValue: 1), .delivered)
            }
            #expect(await bytes(of: 1) == nil)
            broker.publish(try publication([1], to: [try target("waiting", 3)]))
            let small = try waiting.nextPublish()
            for _ in 0..<1000 where await bytes(of: 3) != 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(await bytes(of: 3) == 0, "all of it is acknowledged by TCP, though not by PUBACK")
            try waiting.acknowledge(small)
        }
    }

    @Test("Cancelling takes out what has not begun, closes on what has, and leaves what was written")
    func cancels() async throws {
        try await withBroker(hooks: hooks) { broker, port in
            let (busy, done) = (try Peer(port: port), try Peer(port: port))
            try busy.connect("busy")
            try busy.subscribe("UPGRADE/x")
            try done.connect("done")
            try done.subscribe("UPGRADE/x")
            broker.publish(try publication(Self.large, to: [try target("busy", 1)]))
            broker.publish(try publication(Self.large, to: [try target("busy", 2)]))
            broker.publish(try publication([1], to: [try target("done", 3)]))
            let publish = try done.nextPublish()
            try eventually("the first has begun, the third is written") {
                reports(of: 1).count == 1 && reports(of: 3).count == 2
            }
            broker.cancel([2, 3].map { DeliveryToken(rawValue: $0) })
            try eventually("the second was not sent") {
                reports(of: 2) == [.ended(DeliveryToken(rawValue: 2), .notSent)]
            }
            broker.cancel([DeliveryToken(rawValue: 1)])
            try eventually("the first was cut off") {
                reports(of: 1).last == .ended(DeliveryToken(rawValue: 1), .cutOff)
            }
            try eventually("its connection is closed") { broker.snapshot.connections == 1 }
            try done.acknowledge(publish)
            try eventually("the third was delivered") {
                reports(of: 3).last == .ended(DeliveryToken(rawValue: 3), .delivered)
            }
        }
    }

    @Test func disconnectsOnRequest() async throws {
        try await withBroker(hooks: hooks) { broker, port in
            let peer = try Peer(port: port, version: .v5_0)
            try peer.connect("c")
            let client = try #require(clients.all.first)
            broker.disconnect(client.connectionID, clientID: client.clientID, reason: "removed")
            #expect(try peer.lastReason() == .administrativeAction)
        }
    }

    @Test func aStoppedBrokerSendsNothing() async throws {
        let reports = reports
        let broker = Broker(
            configuration: BrokerConfiguration(listeners: [.init(port: 0)], loops: 1),
            hooks: Hooks(observeDelivery: { reports.record($0) }))
        _ = try broker.start()
        await broker.stop()
        let target = DeliveryTarget(
            clientID: try ClientID("c"), connectionID: ConnectionID(rawValue: 1), token: DeliveryToken(rawValue: 1))
        broker.publish(try publication([1], to: [target]))
        #expect(reports.all == [.ended(target.token, .notSent)])
    }

    /// More than the socket buffers of a connection take in.
    private static let large = [UInt8](repeating: 7, count: 32 << 20)
}

extension DeliveryReport {
    fileprivate func end(of token: DeliveryToken) -> DeliveryEnd? {
        if case .ended(token, let end) = self { end } else { nil }
    }
}
