import Foundation
import ProgramSupport
import Synchronization

/// Publications, counted up from 1, for a reader that is away: what the broker acknowledges it has to keep until the reader is back.
final class NumberedPublications: Sendable {
    private struct State {
        var port: UInt16
        var acknowledged: Set<Int> = []
        var last = 0
    }

    private static let topic = "monitor/numbers"
    private static let size = 20_000

    private let state: Mutex<State>
    private let password: String

    /// Makes the reader's session, and has the reader go away.
    init(at daemon: Daemon) async throws {
        state = Mutex(State(port: daemon.mqttPort))
        password = try await daemon.json(
            "mqtt-account", "add", "monitor", "--publish", "monitor/#", "--subscribe", "monitor/#")["password"].text
        let reader = try await connect("reader", keepingSession: true)
        try await reader.subscribe(Self.topic)
        try await reader.disconnect()
    }

    /// The daemon that all turn to from now on.
    func moveOn(to daemon: Daemon) { state.withLock { $0.port = daemon.mqttPort } }

    /// What somebody was told.
    var acknowledged: Set<Int> { state.withLock { $0.acknowledged } }
    var last: Int { state.withLock { $0.last } }

    /// Publishes the next number; false if it was not acknowledged.
    func publish() async throws -> Bool {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        do {
            let publisher = try await connect("publisher-\(number)", keepingSession: false)
            try await publisher.publishBytes(Self.topic, Data("\(number)\n".utf8) + Data(count: Self.size), qos: 1)
        } catch is FieldGateway.Failure {
            return false
        }
        state.withLock { _ = $0.acknowledged.insert(number) }
        return true
    }

    /// The reader comes back, for what was acknowledged and more.
    ///
    /// - Returns: the numbers that it gets, in their order.
    func read() async throws -> [Int] {
        let reader = try await connect("reader", keepingSession: true)
        var seen: [Int] = []
        while let payload = try? await reader.next(Self.topic, within: 2).payload {
            seen.append(Int(String(decoding: payload.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)) ?? 0)
        }
        try await reader.disconnect()
        return seen
    }

    private func connect(_ id: String, keepingSession: Bool) async throws -> FieldGateway {
        try await FieldGateway.connect(
            id, company: "", to: state.withLock { $0.port }, cleanSession: !keepingSession, password: password,
            user: "monitor")
    }
}
