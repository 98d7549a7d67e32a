import MQTTWire
import Synchronization
import Testing

extension MQTTClient.Configuration {
    /// A client of a broker on loopback that comes back fast.
    static func test(_ port: UInt16, _ clientID: String, _ version: ProtocolVersion = .v5_0) throws -> Self {
        var configuration = Self(host: "127.0.0.1", port: port, clientID: try ClientID(clientID), version: version)
        configuration.reconnect = .exponential(initialDelay: .milliseconds(20), maximumDelay: .milliseconds(200))
        return configuration
    }

    /// The same with other values.
    func with(_ change: (inout Self) -> Void) -> Self {
        var copy = self
        change(&copy)
        return copy
    }
}

extension MQTTClient {
    /// A client that has connected.
    static func connected(_ configuration: Configuration) async throws -> MQTTClient {
        let client = try MQTTClient(configuration)
        try await client.connect()
        return client
    }

    /// The next messages.
    func collect(_ count: Int, within limit: Duration = .seconds(50)) async throws -> [MQTTMessage] {
        try await MQTTWireTests.within(limit, "\(count) messages for \(configuration.clientID)") { [messages] in
            var collected: [MQTTMessage] = []
            for await message in messages {
                collected.append(message)
                if collected.count == count { break }
            }
            return collected
        }
    }

    func currentState() async -> State? {
        for await state in states { return state }
        return nil
    }

    /// Waits for a state.
    @discardableResult
    func reaches(_ what: String, _ matches: @escaping @Sendable (State) -> Bool) async throws -> State {
        let states = states
        return try await MQTTWireTests.within(.seconds(50), "\(configuration.clientID) is \(what)") {
            for await state in states where matches(state) { return state }
            throw TimeLimitExceeded()
        }
    }

    func isConnectedAgain() async throws {
        try await reaches("connected") { if case .connected = $0 { true } else { false } }
    }

    func isWaiting() async throws {
        try await reaches("waiting") { if case .waiting = $0 { true } else { false } }
    }
}

extension [UInt8] {
    /// Bytes that differ from place to place, so that a piece that was lost, doubled or moved shows.
    static func pattern(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }
}

final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increment() {
        count.add(1, ordering: .relaxed)
    }
}
