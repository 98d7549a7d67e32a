import Foundation
import MQTTWire
import ProgramSupport
import RandomSupport
import Synchronization
import Testing

extension Faults {
    /// Our own client on both sides of our own broker, whose sessions are on disk.
    @Suite("QoS 2", .timeLimit(.minutes(60)))
    struct ExactlyOnceTests {
        private static let topics = (1...4).map { "once/\($0)" }

        @Test("Over a bad network, to and from a broker that is killed, each message comes once and in its order")
        func once() async throws {
            try await TemporaryFolder.with { folder in
                var random = SeededGenerator(seed: FaultRun.seed)
                var broker = try await SessionBroker.start(in: folder)
                let network = try FaultProxy(to: broker.port, seed: FaultRun.seed)
                defer { network.stop() }
                await network.heal()
                let subscriber = try Self.client("subscriber", network.port)
                _ = try await subscriber.connect()
                try await subscriber.subscribe(to: TopicFilter("once/#"), qos: .exactlyOnce)
                let publisher = try Self.client("publisher", network.port)
                _ = try await publisher.connect()

                let exchange = Exchange()
                async let listening: Void = exchange.listen(to: subscriber)
                async let published = exchange.publish(on: Self.topics, through: publisher)

                network.spoil()
                for _ in 0..<FaultRun.rounds {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 200...2_000, using: &random)))
                    broker = try await broker.crashed()
                    network.turn(to: broker.port)
                }
                await network.heal()
                exchange.stop()
                let sent = try await published
                let isComplete = await poll(within: .seconds(60)) {
                    let received = exchange.numbers
                    return sent.allSatisfy { received[$0.key, default: []].count >= $0.value }
                }
                #expect(isComplete, "seed \(FaultRun.seed): messages are missing")
                await publisher.disconnect()
                await subscriber.disconnect()
                await listening
                try await broker.stop()
                let numbers = exchange.numbers
                let wrong = sent.filter { numbers[$0.key, default: []] != Array(1...$0.value) }
                #expect(wrong.isEmpty, "seed \(FaultRun.seed): \(wrong.keys.sorted())")
                FaultTable.add(
                    "kill -9 of a broker and a bad network, QoS 2 (seed \(FaultRun.seed))", tried: FaultRun.rounds,
                    checked: sent.values.reduce(0, +), of: "messages came once and in order", lost: wrong.count,
                    note: network.summary)
            }
        }

        private static func client(_ id: String, _ port: UInt16) throws -> MQTTClient {
            var configuration = MQTTClient.Configuration(host: "127.0.0.1", port: port, clientID: try ClientID(id))
            configuration.cleanStart = false
            configuration.sessionExpiry = .max
            configuration.connectTimeout = .seconds(2)
            configuration.reconnect = .exponential(
                initialDelay: .milliseconds(20), maximumDelay: .milliseconds(200))
            return try MQTTClient(configuration)
        }
    }
}

/// Numbers that are published in their order on each topic, and those that arrive.
private final class Exchange: Sendable {
    /// Enough for a mishap every hundred messages or so.
    private static let padding = 4_000

    private let received = Mutex<[String: [Int]]>([:])
    private let goesOn = Atomic(true)

    /// What has arrived, by topic.
    var numbers: [String: [Int]] { received.withLock { $0 } }

    func stop() { goesOn.store(false, ordering: .relaxed) }

    func listen(to client: MQTTClient) async {
        for await message in client.messages {
            let digits = [UInt8](message.payload).prefix { $0 != UInt8(ascii: " ") }
            let number = Int(String(decoding: digits, as: UTF8.self)) ?? -1
            received.withLock { $0["\(message.topic)", default: []].append(number) }
        }
    }

    /// Publishes until it is stopped; the last number of each topic.
    func publish(on topics: [String], through client: MQTTClient) async throws -> [String: Int] {
        try await withThrowingTaskGroup(of: (String, Int).self) { group in
            for topic in topics {
                group.addTask { (topic, try await self.count(on: TopicName(topic), through: client)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func count(on topic: TopicName, through client: MQTTClient) async throws -> Int {
        var number = 0
        while goesOn.load(ordering: .relaxed) {
            number += 1
            let text = "\(number) " + String(repeating: ".", count: Self.padding)
            try await client.publish(MQTTPublication(topic: topic, payload: Array(text.utf8), qos: .exactlyOnce))
        }
        return number
    }
}

/// `embedded-broker` with sessions on disk.
private struct SessionBroker {
    let port: UInt16
    private let folder: String
    private let program: Program

    static func start(in folder: String) async throws -> SessionBroker {
        let program = try Program("embedded-broker", ["--port", "0", "--persistence", folder + "/sessions"])
        let port = await program.nextLine()?.split(separator: ":").last.flatMap { UInt16($0) }
        return SessionBroker(port: try #require(port, "\(program.errorsSoFar)"), folder: folder, program: program)
    }

    func crashed() async throws -> SessionBroker {
        program.kill()
        _ = try await program.end()
        return try await Self.start(in: folder)
    }

    func stop() async throws {
        program.terminate()
        #expect(try await program.end().status == 0)
    }
}
