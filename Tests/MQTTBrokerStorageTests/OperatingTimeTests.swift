import MQTTBroker
import MQTTWire
import Synchronization
import Testing

@testable import MQTTBrokerStorage

/// Times go on after a restart from what was left of them, whatever clocks say.
struct OperatingTimeTests {
    private let folder = TemporaryFolder()
    private let clock = Clock()

    /// A monotonic clock that a test moves.
    private final class Clock: Sendable {
        private let time = Atomic<UInt64>(1_000_000_000_000)

        var now: MonotonicTime { MonotonicTime(nanoseconds: time.load(ordering: .relaxed)) }

        func set(_ seconds: UInt64) { time.store(seconds * 1_000_000_000, ordering: .relaxed) }
        func advance(_ seconds: UInt64) { time.add(seconds * 1_000_000_000, ordering: .relaxed) }
    }

    private func open(clockInterval: Duration = .seconds(3600)) throws -> DiskSessionStore {
        let clock = clock
        return try DiskSessionStore(folder: folder.path, now: { clock.now }, clockInterval: clockInterval)
    }

    /// A client that is absent for as long as what follows takes: a session of 100 s, a message of 50 s, a will in 30 s.
    private func leave(_ store: DiskSessionStore) async throws {
        let client = try ClientID("c")
        let message = StoredMessage(
            id: 1, topic: try TopicName("t"), body: SharedSlice(SharedBytes([1])), qos: .atLeastOnce, retain: false,
            properties: Properties(), expiresIn: .seconds(50), publisher: nil)
        let will = Will(
            topic: try TopicName("will"), payload: [], qos: .atMostOnce,
            properties: try Properties([.willDelayInterval(30)]))
        await withCheckedContinuation { continuation in
            store.apply(
                [
                    .sessionPresent(client, owner: .anonymous, expiresIn: .seconds(100)),
                    .will(
                        client,
                        StoredWill(will: will, userName: nil, remoteAddress: "", protocolVersion: .v5_0)),
                    .queued(
                        client,
                        StoredDelivery(
                            message: message, qos: .atLeastOnce, retain: false, identifiers: [], stage: .queued)),
                    .sessionAbsent(client),
                ]
            ) { continuation.resume() }
        }
    }

    private func left(_ state: StoredState) throws -> [Duration?] {
        let session = try #require(state.sessions.first)
        return [session.expiresIn, session.deliveries.first?.message.expiresIn, session.will?.delayLeft]
    }

    @Test(
        "Clocks that begin anew a year before or after: what was left is left",
        arguments: [0, 1_000_000_000, 31_536_000])
    func goesOnFromWhatWasLeft(_ nextStart: UInt64) async throws {
        let first = try open()
        _ = try first.load()
        try await leave(first)
        clock.advance(10)
        first.close()
        clock.set(nextStart)
        let second = try open()
        #expect(try left(try second.load()) == [.seconds(90), .seconds(40), .seconds(20)])
        clock.advance(20)
        second.close()
        clock.set(5)
        let third = try open()
        #expect(try left(try third.load()) == [.seconds(70), .seconds(20), .zero])
        third.close()
    }

    @Test func isWrittenWhileSomethingWaitsForIt() async throws {
        let store = try open(clockInterval: .milliseconds(20))
        _ = try store.load()
        try await leave(store)
        clock.advance(10)
        let copy = TemporaryFolder()
        var left: [Duration?] = []
        for _ in 0..<500 where left != [.seconds(90), .seconds(40), .seconds(20)] {
            try await Task.sleep(for: .milliseconds(20))
            // As a crash would leave it.
            try folder.copy(to: copy)
            let afterCrash = try DiskSessionStore(folder: copy.path)
            left = try self.left(try afterCrash.load())
            afterCrash.close()
        }
        #expect(left == [.seconds(90), .seconds(40), .seconds(20)])
        store.close()
    }

    @Test func isNotWrittenWhenNothingWaitsForIt() async throws {
        let store = try open(clockInterval: .milliseconds(5))
        _ = try store.load()
        let client = try ClientID("c")
        await withCheckedContinuation { continuation in
            store.apply([.sessionPresent(client, owner: .anonymous, expiresIn: .seconds(9))]) { continuation.resume() }
        }
        let before = folder.contents
        clock.advance(10)
        try await Task.sleep(for: .milliseconds(50))
        #expect(folder.contents == before)
        store.close()
    }

    /// What the wall clock said before operating time was kept begins anew with all the time that it had.
    @Test func takesOverFromTheWallClock() async throws {
        let store = try open()
        _ = try store.load()
        try await leave(store)
        store.close()
        try folder.change(
            """
            DROP TABLE clock; DELETE FROM grdb_migrations WHERE identifier = 'operating time';
            UPDATE session SET absent = 1800000000000; UPDATE message SET deadline = 1800000000000
            """)
        let next = try open()
        #expect(try left(try next.load()) == [.seconds(100), .seconds(50), .seconds(30)])
        next.close()
    }
}
