import MQTTBroker
import MQTTWire
import Synchronization
import Testing

/// What one client can make the broker hold and do, and what others notice of it.
@Suite(.serialized)
struct FloodTests {
    /// Does something on another thread, and counts how often a bystander has its answer meanwhile: if the broker did one thing to its end before it
    /// turned to the next, that would be next to never.
    private func answers(of bystander: Peer, while work: @escaping @Sendable () throws -> Void) throws -> Int {
        let isDone = Mutex(false)
        let worker = try Worker {
            defer { isDone.withLock { $0 = true } }
            try work()
        }
        var answers = 0
        while !isDone.withLock({ $0 }) {
            try bystander.ping()
            answers += 1
        }
        try worker.finish()
        return answers
    }

    // MARK: Answers

    @Test("Who does not take the answers is not read any further, and goes on when it does")
    func answersAreBounded() async throws {
        try await withBroker(loops: 1, limits: { $0.unsentAnswers = 64 << 10 }) { broker, port in
            let (greedy, bystander) = (try Peer(port: port, receiveBuffer: 4096), try Peer(port: port))
            try greedy.connect("greedy")
            try bystander.connect("bystander")
            let count = 1 << 19
            let writer = try Worker {
                let pings = [UInt8]([0xC0, 0]) * 4096
                for _ in 0..<(count / 4096) { try greedy.send(bytes: pings) }
            }
            try eventually("it is not read any more") { broker.snapshot.answerPauses > 0 }
            // What goes into the output ahead of the socket, the answers beside it, and those to one more reading.
            #expect(broker.snapshot.unsentBytes <= 640 << 10)
            try bystander.ping()
            var left = 2 * count
            while left > 0 { left -= try greedy.nextBytes(min(left, 4096)).count }
            try writer.finish()
            try greedy.ping()
            try eventually("all has left") { broker.snapshot.unsentBytes == 0 }
        }
    }

    // MARK: Packets

    @Test("65,000 user properties go through, and count for the limits of queues")
    func properties() async throws {
        try await withBroker(loops: 1, limits: { $0.queuedBytesPerSession = 1 << 20 }) { broker, port in
            let absent = try Peer(port: port, version: .v5_0)
            try absent.connect("absent", cleanStart: false, properties: [.sessionExpiryInterval(100)])
            try absent.subscribe("t")
            absent.drop()
            let (subscriber, publisher) = (
                try Peer(port: port, version: .v5_0), try Peer(port: port, version: .v5_0)
            )
            try subscriber.connect("s")
            try subscriber.subscribe("t")
            try publisher.connect("p")
            let many = [Property](repeating: .userProperty(UserProperty(name: "", value: "")), count: 65_000)
            for _ in 0..<5 {
                try publisher.publishAcknowledged("t", "x", properties: many)
                let publish = try subscriber.nextPublish()
                #expect(publish.text == "x" && publish.head.properties.byteCount == 65_000 * 5)
                try subscriber.acknowledge(publish)
            }
            #expect(broker.snapshot.queuedBytes <= 1 << 20)
            #expect(broker.snapshot.dropped[.queueFullOldest] == 2)
        }
    }

    @Test("More than 1 MiB before a payload, or in another packet, ends the connection with 0x97")
    func heads() async throws {
        try await withBroker { broker, port in
            let publisher = try Peer(port: port, version: .v5_0)
            try publisher.connect("p")
            let long = Property.userProperty(UserProperty(name: "", value: String(repeating: "x", count: 65_000)))
            try publisher.publish("t", "x", properties: Array(repeating: long, count: 17))
            #expect(try publisher.lastReason() == .quotaExceeded)
            let subscriber = try Peer(port: port, version: .v5_0)
            try subscriber.connect("s")
            // The length that SUBSCRIBE announces is enough.
            try subscriber.send(bytes: [0x82, 0xFF, 0xFF, 0x3F])
            #expect(try subscriber.lastReason() == .quotaExceeded)
            #expect(broker.snapshot.protocolErrors == 2)
        }
    }

    @Test("Topics, filters and wills of 65,535 slashes are refused", arguments: [ProtocolVersion.v3_1_1, .v5_0])
    func slashes(version: ProtocolVersion) async throws {
        let slashes = String(repeating: "/", count: 65_535)
        try await withBroker { _, port in
            let subscriber = try Peer(port: port, version: version)
            try subscriber.connect("s")
            #expect(
                try subscriber.subscribe(slashes)[0] == (version == .v5_0 ? .topicFilterInvalid : .unspecifiedError))
            try subscriber.ping()
            let publisher = try Peer(port: port, version: version)
            try publisher.connect("p")
            try publisher.publish(slashes)
            #expect(try publisher.lastReason() == (version == .v5_0 ? .topicNameInvalid : nil))
        }
    }

    @Test("QoS 2 without PUBREL: a session has 10,000 and no more, they are counted, and nobody else notices")
    func withoutPubrel() async throws {
        try await withBroker(loops: 1) { broker, port in
            let (flooding, bystander) = (try Peer(port: port), try Peer(port: port))
            try flooding.connect("f")
            try bystander.connect("b")
            let count = 20_000
            let answers = try answers(of: bystander) {
                let writer = try Worker {
                    for index in 0..<count {
                        try flooding.publish("t", "x", qos: .exactlyOnce, packetID: UInt16(index % 10_000 + 1))
                    }
                }
                _ = try flooding.nextBytes(4 * count)
                try writer.finish()
            }
            #expect(answers > 10)
            try flooding.ping()
            #expect(1...2_000_000 ~= broker.snapshot.bufferedBytes)
            try flooding.publish("t", "x", qos: .exactlyOnce, packetID: 10_001)
            #expect(try flooding.next() == nil)
            try eventually("nothing is kept") { broker.snapshot.bufferedBytes == 0 }
        }
    }

    // MARK: Subscriptions

    /// All filters of so many levels, each of them "a" or "+".
    private func overlapping(levels: Int) -> [String] {
        (0..<(1 << levels)).map { bits in
            (0..<levels).map { bits >> $0 & 1 == 0 ? "a" : "+" }.joined(separator: "/")
        }
    }

    @Test("Ten thousand overlapping filters cost their publisher, and nobody else", arguments: [1, 2])
    func overlappingFilters(loops: Int) async throws {
        try await withBroker(loops: loops, limits: { $0.loopBacklog = 20 }) { broker, port in
            // 2^13 of thirteen levels, and 2^11 that end with a wildcard for the rest.
            let filters = (overlapping(levels: 13) + overlapping(levels: 11).map { $0 + "/#" }).prefix(10_000)
            let subscriber = try Peer(port: port)
            try subscriber.connect("s")
            for start in stride(from: 0, to: filters.count, by: 500) {
                try subscriber.subscribe(filters[start..<(start + 500)], qos: .atMostOnce)
            }
            #expect(broker.snapshot.subscriptions == 10_000)
            let bystanders = try (0..<4).map { index in
                let peer = try Peer(port: port)
                try peer.connect("b\(index)")
                return peer
            }
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            let topic = Array(repeating: "a", count: 13).joined(separator: "/")
            let count = 30
            let reader = try Worker { for _ in 0..<count { _ = try subscriber.nextPublish() } }
            for index in 0..<count { try publisher.publish(topic, "\(index)") }
            // As long as that takes, each of the others has its answers.
            var answers = 0
            try eventually("all are delivered") {
                for peer in bystanders {
                    try peer.ping()
                    answers += 1
                }
                return broker.snapshot.publishesSent == count
            }
            #expect(answers >= 10)
            try reader.finish()
        }
    }

    @Test("Subscriptions are bounded in bytes, by session and altogether")
    func subscriptionBytes() async throws {
        try await withBroker(limits: {
            $0.subscriptionBytesPerSession = 10_000
            $0.subscriptionBytes = 12_000
        }) { broker, port in
            let (first, second) = (try Peer(port: port, version: .v5_0), try Peer(port: port))
            try first.connect("first")
            try second.connect("second")
            // 200 bytes and the filter's: 800 each.
            let filters = (10..<40).map { "\($0)" + String(repeating: "x", count: 598) }
            let granted = try first.subscribe(filters[...], qos: .atMostOnce)
            #expect(granted.count { $0 == .success } == 12 && granted.last == .quotaExceeded)
            // The same filter again is no other subscription.
            #expect(try first.subscribe(filters[0]) == [.grantedQoS1])
            #expect(try second.subscribe(filters[..<5], qos: .atMostOnce).count { $0 == .success } == 3)
            #expect(broker.snapshot.subscriptionBytes == 12_000 && broker.snapshot.subscriptionsRefused == 20)
            first.drop()
            try eventually("there is room again") { broker.snapshot.subscriptionBytes == 2400 }
            #expect(try second.subscribe(filters[10]) == [.grantedQoS1])
        }
    }

    // MARK: What is kept

    @Test("A flood of retained messages is bounded in bytes, the levels of their topics counted")
    func retained() async throws {
        try await withBroker(loops: 1, limits: { $0.retainedBytes = 100_000 }) { broker, port in
            let (flooding, bystander) = (try Peer(port: port), try Peer(port: port))
            try flooding.connect("f")
            try bystander.connect("b")
            let tail = String(repeating: "/x", count: 100)
            let answers = try answers(of: bystander) {
                for index in 0..<1000 { try flooding.publish("t\(index)" + tail, "x", retain: true) }
                try flooding.ping()
            }
            #expect(answers > 1)
            #expect(broker.snapshot.retainedMessages == 6 && broker.snapshot.retainedBytes <= 100_000)
            #expect(broker.snapshot.retainedRefused == 994)
            for index in 0..<6 { try flooding.publish("t\(index)" + tail, "", retain: true) }
            try flooding.ping()
            #expect(broker.snapshot.retainedBytes == 0)
        }
    }

    @Test("Queues of absent clients are bounded together, each by dropping its oldest")
    func absentClients() async throws {
        try await withBroker(loops: 1, limits: { $0.bufferedBytes = 300_000 }) { broker, port in
            for index in 0..<50 {
                let peer = try Peer(port: port)
                try peer.connect("a\(index)", cleanStart: false)
                try peer.subscribe("t")
                peer.drop()
            }
            try eventually("they are gone") { broker.snapshot.connections == 0 }
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            // Their bytes are nothing; the places that fifty queues have for each are.
            for index in 0..<90 {
                try publisher.publish("t", "\(index)", qos: .atLeastOnce, packetID: UInt16(index + 1))
                _ = try publisher.nextPuback()
            }
            #expect(broker.snapshot.bufferedBytes <= 400_000)
            #expect((broker.snapshot.dropped[.queueFullOldest] ?? 0) > 0)
            #expect(broker.snapshot.publisherPauses > 0)
            // What is left is the latest.
            let back = try Peer(port: port)
            try back.connect("a0", cleanStart: false)
            var last = ""
            while last != "89" {
                let publish = try back.nextPublish()
                last = publish.text
                try back.acknowledge(publish)
            }
        }
    }

    @Test("Clients that take nothing hold no more than the whole broker may")
    func stalledClients() async throws {
        try await withBroker(loops: 1, limits: { $0.bufferedBytes = 2 << 20 }) { broker, port in
            let stalled = try (0..<5).map { index in
                let peer = try Peer(port: port, receiveBuffer: 4096)
                try peer.connect("s\(index)")
                try peer.subscribe("t\(index)")
                return peer
            }
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            let payload = [UInt8](repeating: 1, count: 64 << 10)
            for index in 0..<70 {
                try publisher.publish("t\(index % 5)", bytes: payload, qos: .atLeastOnce, packetID: UInt16(index + 1))
                _ = try publisher.nextPuback()
                if index == 50 { pause(milliseconds: 1100) }
            }
            // Beside the budget: what their outputs hold, and what came while they seemed to drain.
            #expect(broker.snapshot.bufferedBytes <= 6 << 20)
            #expect((broker.snapshot.dropped[.queueFullOldest] ?? 0) > 0)
            for peer in stalled { peer.drop() }
        }
    }

    // MARK: Wills

    @Test("A thousand wills at once, and nobody else waits")
    func wills() async throws {
        try await withBroker(loops: 1) { broker, port in
            let (watcher, bystander) = (try Peer(port: port), try Peer(port: port))
            try watcher.connect("watcher")
            try watcher.subscribe("will/#", qos: .atMostOnce)
            try bystander.connect("bystander")
            let count = 1000
            let dying = try (0..<count).map { index in
                let peer = try Peer(port: port)
                try peer.connect(
                    "d\(index)",
                    will: Will(topic: try TopicName("will/\(index)"), payload: [UInt8](repeating: 1, count: 1000)))
                return peer
            }
            #expect(broker.snapshot.willBytes > 1_000_000)
            let answers = try answers(of: bystander) {
                for peer in dying { peer.drop() }
                for _ in 0..<count { _ = try watcher.nextPublish() }
            }
            #expect(answers > 1)
            #expect(broker.snapshot.willBytes == 0)
        }
    }

    @Test("Wills are bounded in bytes, those of absent clients included")
    func willBytes() async throws {
        try await withBroker(limits: { $0.willBytes = 5000 }) { broker, port in
            let will = Will(
                topic: try TopicName("t"), payload: [UInt8](repeating: 1, count: 2000),
                properties: try Properties([.willDelayInterval(100)]))
            for index in 0..<2 {
                let peer = try Peer(port: port, version: .v5_0)
                try peer.connect("c\(index)", will: will, properties: [.sessionExpiryInterval(200)])
                peer.drop()
            }
            try eventually("they are gone") { broker.snapshot.connections == 0 }
            #expect(
                try Peer(port: port, version: .v5_0).connectAnswer("c2", will: will).reasonCode == .quotaExceeded)
            #expect(try Peer(port: port).connectAnswer("c3", will: will).reasonCode == .serverUnavailable)
            #expect(broker.snapshot.sessionsRefused == 2)
            let back = try Peer(port: port, version: .v5_0)
            try back.connect("c0")
            try Peer(port: port, version: .v5_0).connect("c2", will: will)
        }
    }
}

extension Array {
    fileprivate static func * (array: [Element], count: Int) -> [Element] {
        Array(repeatElement(array, count: count).joined())
    }
}
