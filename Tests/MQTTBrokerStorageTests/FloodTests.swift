import Glibc
import MQTTWire
import RandomSupport
import Synchronization
import Testing

/// A kill at any moment of a flood loses nothing that was acknowledged, and doubles nothing at QoS 2.
struct FloodTests {
    static let seeds: [UInt64] = {
        let count = getenv("CRASH_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 6
        return Array(1...max(count, 1))
    }()

    @Test(arguments: seeds) func survives(_ seed: UInt64) async throws {
        let site = Site()
        try await site.start()
        let subscriber = Receiver()
        try subscriber.begin(site, subscribes: true)
        let publisher = Sender(count: 600)
        let port = site.port
        let sending = Task.detached { publisher.run(port: port) }
        // Sometimes the subscriber is gone when the end comes.
        if seed % 3 == 0 { subscriber.leave() }
        let receiving = Task.detached { subscriber.run() }
        var generator = SeededGenerator(seed: seed)
        usleep(useconds_t(generator.next() % 250_000))
        try await site.kill()
        await sending.value
        await receiving.value
        try await site.start()
        publisher.run(port: site.port)
        #expect(publisher.isDone, "seed \(seed)")
        try subscriber.begin(site, subscribes: false)
        subscriber.run()
        let counts = subscriber.counts
        for number in 0..<600 {
            let count = counts["\(number)", default: 0]
            if number % 2 == 0 {
                #expect(count >= 1, "seed \(seed): QoS 1 message \(number)")
            } else {
                #expect(count == 1, "seed \(seed): QoS 2 message \(number) came \(count) times")
            }
        }
    }
}

/// A publisher that keeps its side of QoS 1 (even numbers) and 2 (odd ones) across connections.
private final class Sender: @unchecked Sendable {
    // Touched by one task at a time.
    private enum Stage { case unsent, published, released, done }

    private var stages: [Stage]
    init(count: Int) { stages = Array(repeating: .unsent, count: count) }

    var isDone: Bool { stages.allSatisfy { $0 == .done } }

    /// Goes on until all is acknowledged, or the connection ends.
    func run(port: UInt16) {
        do {
            let peer = try Peer(port: port, version: .v3_1_1)
            try peer.connect("sender", cleanStart: false)
            var open = 0
            for number in stages.indices where stages[number] != .done {
                try send(number, peer)
                open += 1
                while open >= 16 { open -= try take(peer) }
            }
            while open > 0 { open -= try take(peer) }
        } catch {}
    }

    private func send(_ number: Int, _ peer: Peer) throws {
        let packetID = try PacketID(UInt16(number + 1))
        guard stages[number] != .released else { return try peer.send(.pubrel(Pubrel(packetID: packetID))) }
        let isDuplicate = stages[number] == .published
        stages[number] = .published
        try peer.publish(
            "t", "\(number)", qos: number % 2 == 0 ? .atLeastOnce : .exactlyOnce, packetID: UInt16(number + 1),
            isDuplicate: isDuplicate)
    }

    /// Takes an answer; how many messages are done with it.
    private func take(_ peer: Peer) throws -> Int {
        switch try peer.next() {
        case .puback(let ack):
            stages[Int(ack.packetID.rawValue) - 1] = .done
            return 1
        case .pubrec(let ack):
            stages[Int(ack.packetID.rawValue) - 1] = .released
            try peer.send(.pubrel(Pubrel(packetID: ack.packetID)))
            return 0
        case .pubcomp(let ack):
            stages[Int(ack.packetID.rawValue) - 1] = .done
            return 1
        case nil: throw Peer.Trouble(description: "gone")
        default: return 0
        }
    }
}

/// A subscriber that keeps its side of QoS 1 and 2 across connections.
private final class Receiver: @unchecked Sendable {
    // Touched by one task at a time.
    private var peer: Peer?
    private var held: Set<PacketID> = []
    private(set) var counts: [String: Int] = [:]

    func begin(_ site: Site, subscribes: Bool) throws {
        let peer = try Peer(port: site.port, version: .v3_1_1)
        let connack = try peer.connect("receiver", cleanStart: false)
        #expect(connack.sessionPresent != subscribes)
        if subscribes { try peer.subscribe("t", qos: .exactlyOnce) }
        self.peer = peer
    }

    func leave() { peer?.drop() }

    /// Goes on until nothing has come for a while, or the connection ends.
    func run() {
        guard let peer else { return }
        do {
            while let packet = try peer.next(within: 2) {
                switch packet {
                case .publish(let publish):
                    guard let packetID = publish.head.packetID else { continue }
                    let isNew = publish.head.flags.qos == .atLeastOnce || held.insert(packetID).inserted
                    if isNew { counts[publish.text, default: 0] += 1 }
                    if publish.head.flags.qos == .atLeastOnce {
                        try peer.send(.puback(Puback(packetID: packetID)))
                    } else {
                        try peer.send(.pubrec(Pubrec(packetID: packetID)))
                    }
                case .pubrel(let release):
                    held.remove(release.packetID)
                    try peer.send(.pubcomp(Pubcomp(packetID: release.packetID)))
                default: break
                }
            }
        } catch {}
    }
}
