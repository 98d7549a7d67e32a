import Glibc
import MQTTBroker
import MQTTWire
import Synchronization
import Testing

/// Memory stays bounded, and one slow client is one slow client.
@Suite(.serialized)
struct OverloadTests {
    @Test func aFanOutSharesOnePayload() async throws {
        try await withBroker { broker, port in
            let payload = [UInt8](repeating: 42, count: 1 << 20)
            let subscribers = try (0..<100).map { index in
                let peer = try Peer(port: port)
                try peer.connect("s\(index)")
                try peer.subscribe("t", qos: .atLeastOnce)
                return peer
            }
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            let before = residentBytes()
            // Nobody reads: all hundred hold the payload at once.
            try publisher.publish("t", bytes: payload, qos: .atLeastOnce)
            #expect(try publisher.nextPuback().reasonCode == .success)
            try publisher.ping()
            let growth = residentBytes() - before
            #expect(growth < 48 << 20, "grew by \(growth) bytes")
            for subscriber in subscribers {
                let publish = try subscriber.nextPublish()
                #expect(publish.payload == payload)
                try subscriber.acknowledge(publish)
            }
        }
    }

    @Test("What came of a PUBLISH counts before the rest of it comes, and no longer when the client is gone")
    func halfAPublishCounts() async throws {
        try await withBroker { broker, port in
            let publisher = try Peer(port: port)
            try publisher.connect("p")
            var packet = try Publish(
                head: PublishHead(topic: try TopicName("t")), payload: [UInt8](repeating: 1, count: 4 << 20)
            ).encoded(in: PacketContext(version: .v3_1_1, direction: .toServer))
            packet.removeLast(2 << 20)
            try publisher.send(bytes: packet)
            try eventually("half of it is counted") { broker.snapshot.bufferedBytes > 2 << 20 - 4096 }
            publisher.drop()
            try eventually("nothing is counted") { broker.snapshot.bufferedBytes == 0 }
        }
    }

    @Test(
        "MQTT3-3.3.5-2: QoS 2 without PUBREL is bounded for a session, across its connections",
        arguments: [true, false])
    func unreleasedPublicationsAreBounded(_ is5: Bool) async throws {
        try await withBroker(limits: { $0.unreleasedPerSession = 3 }) { broker, port in
            for round in 0..<2 {
                let publisher = try Peer(port: port, version: is5 ? .v5_0 : .v3_1_1)
                try publisher.connect(
                    "p", cleanStart: false, properties: is5 ? [.sessionExpiryInterval(100)] : [])
                for number in UInt16(1)...3 {
                    try publisher.publish("t", "x", qos: .exactlyOnce, packetID: number, isDuplicate: round == 1)
                    guard case .pubrec(let pubrec) = try publisher.next() else {
                        throw Peer.Trouble(description: "no PUBREC")
                    }
                    #expect(!pubrec.reasonCode.isError)
                }
                #expect(broker.snapshot.bufferedBytes > 0)
                try publisher.publish("t", "x", qos: .exactlyOnce, packetID: 4)
                guard is5 else {
                    #expect(try publisher.next() == nil)
                    continue
                }
                #expect(
                    try publisher.next()
                        == .pubrec(Pubrec(packetID: try PacketID(4), reasonCode: .quotaExceeded)))
                try publisher.send(.pubrel(Pubrel(packetID: try PacketID(1))))
                #expect(try publisher.next() == .pubcomp(Pubcomp(packetID: try PacketID(1))))
                try publisher.publish("t", "x", qos: .exactlyOnce, packetID: 1)
                guard case .pubrec = try publisher.next() else { throw Peer.Trouble(description: "no PUBREC") }
                publisher.drop()
            }
            let last = try Peer(port: port)
            try last.connect("p")
            try eventually("nothing is counted") { broker.snapshot.bufferedBytes == 0 }
        }
    }

    /// The 100 MB where somebody asks for them, else less.
    private static let floodSize = getenv("OVERLOAD_FULL_SIZE") == nil ? 40 << 20 : 100 << 20

    @Test("A subscriber that stops reading costs 16 MiB and is dropped; the others get everything")
    func aStalledSubscriberCostsABoundedQueueAndNobodyElse() async throws {
        try await withBroker(limits: { $0.writeStall = .seconds(3) }) { broker, port in
            let (stalled, reading, publisher) = (try Peer(port: port), try Peer(port: port), try Peer(port: port))
            for (peer, id) in [(stalled, "stalled"), (reading, "reading")] {
                try peer.connect(id)
                try peer.subscribe("t", qos: .atMostOnce)
            }
            try publisher.connect("p")
            let payload = [UInt8](repeating: 1, count: 64 << 10)
            let count = Self.floodSize / payload.count
            let received = Mutex(0)
            let reader = try Worker {
                for _ in 0..<count {
                    _ = try reading.nextPublish()
                    received.withLock { $0 += 1 }
                }
            }
            var (queued, unsent) = (0, 0)
            for sent in 0..<count {
                // No further ahead than the reader's own queue holds, however late its thread runs: what it gets is not what is tested there.
                try eventually("the reader keeps up") { received.withLock { $0 } >= sent - 100 }
                try publisher.publish("t", bytes: payload)
                let snapshot = broker.snapshot
                (queued, unsent) = (max(queued, snapshot.queuedBytes), max(unsent, snapshot.unsentBytes))
            }
            try publisher.ping()
            try reader.finish()
            // Of the two that subscribe, the reader has no more than 100 messages.
            #expect(queued - 100 * payload.count <= 16 << 20)
            // What is put into an output ahead of its socket, and the message that exceeds that.
            #expect(unsent <= 2 * 321 << 10)
            #expect((broker.snapshot.dropped[.queueFullQoS0] ?? 0) > 0)
            try eventually("the one that stalls is dropped") { broker.snapshot.writeStalls == 1 }
            try reading.ping()
            try eventually("nothing is left of it") {
                broker.snapshot.queuedBytes == 0 && broker.snapshot.unsentBytes == 0
            }
        }
    }

    @Test("A publisher at QoS 0 is not held up for one that has taken nothing for a while")
    func aStalledSubscriberAtQoS0HoldsNobodyUp() async throws {
        try await withBroker(limits: { $0.congestedBytes = 1 << 20 }) { broker, port in
            let (stalled, publisher) = (try Peer(port: port), try Peer(port: port))
            try stalled.connect("stalled")
            try stalled.subscribe("t", qos: .atMostOnce)
            try publisher.connect("p")
            let payload = [UInt8](repeating: 1, count: 256 << 10)
            // Until the socket is full, and something waits that the queue's share has room for.
            while broker.snapshot.queuedBytes == 0 {
                try publisher.publish("t", bytes: payload)
                try publisher.ping()
            }
            pause(milliseconds: 200)
            for _ in 0..<20 { try publisher.publish("t", bytes: payload) }
            try publisher.ping()
            #expect(broker.snapshot.queuedBytes > 1 << 20)
            #expect(broker.snapshot.publisherPauses == 0)
        }
    }

    @Test func aDrainingSubscriberSlowsItsPublisherAndLosesNothing() async throws {
        try await withBroker(limits: {
            $0.queuedBytesPerSession = 4 << 20
            $0.congestedBytes = 256 << 10
        }) { broker, port in
            let (subscriber, publisher) = (try Peer(port: port), try Peer(port: port))
            try subscriber.connect("s")
            try subscriber.subscribe("t")
            try publisher.connect("p")
            let count = 600
            let writer = try Worker {
                let payload = [UInt8](repeating: 1, count: 32 << 10)
                for index in 0..<count {
                    try publisher.publish("t", bytes: payload, qos: .atLeastOnce, packetID: UInt16(index + 1))
                }
            }
            for index in 0..<count {
                let publish = try subscriber.nextPublish()
                #expect(publish.payload.count == 32 << 10)
                try subscriber.acknowledge(publish)
                // Slower than the publisher, never silent for long.
                if index % 20 == 0 { pause(milliseconds: 5) }
            }
            try writer.finish()
            #expect(broker.snapshot.dropped[.queueFullOldest] == 0)
            #expect(broker.snapshot.publisherPauses > 0)
        }
    }

    @Test func theGlobalBudgetSlowsPublishersButNeverStopsThem() async throws {
        try await withBroker(limits: { $0.bufferedBytes = 100_000 }) { broker, port in
            let (absent, publisher) = (try Peer(port: port), try Peer(port: port))
            try absent.connect("s", cleanStart: false)
            try absent.subscribe("t")
            absent.drop()
            try publisher.connect("p")
            try eventually("the subscriber is gone") { broker.snapshot.connections == 1 }
            let payload = String(repeating: "x", count: 10_000)
            for _ in 0..<30 { try publisher.publishAcknowledged("t", payload) }
            #expect(broker.snapshot.queuedBytes < 130_000)
            #expect((broker.snapshot.dropped[.queueFullOldest] ?? 0) > 0)
        }
    }

    private func residentBytes() -> Int {
        let descriptor = open("/proc/self/statm", O_RDONLY)
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &buffer, buffer.count)
        let fields = String(decoding: buffer[..<max(0, count)], as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
    }
}
