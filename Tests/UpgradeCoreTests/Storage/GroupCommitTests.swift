import Dispatch
import GRDB
import Synchronization
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Store: group commit")
struct GroupCommitTests {
    private struct Refusal: Error {}

    @Test("closures that arrive meanwhile share one transaction, and one that throws fails alone")
    func sharing() async throws {
        try await withStore { store in
            let commits = CommitCounter()
            store.pool.add(transactionObserver: commits)
            let started = AsyncStream<Void>.makeStream()
            let gate = DispatchSemaphore(value: 0)

            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await store.write { transaction in
                        started.continuation.yield()
                        gate.wait()
                        try transaction.settings.set(SettingKey(rawValue: "first"), to: "1")
                    }
                }
                var begun = started.stream.makeAsyncIterator()
                await begun.next()
                for number in 0..<100 {
                    group.addTask {
                        do {
                            try await store.write { transaction in
                                try transaction.settings.set(SettingKey(rawValue: "\(number)"), to: "x")
                                if number == 50 { throw Refusal() }
                            }
                            #expect(number != 50)
                        } catch is Refusal {
                            #expect(number == 50)
                        }
                    }
                }
                // The tasks are only surely in the queue when the queue says so.
                try await poll { store.waitingWrites == 100 }
                gate.signal()
                try await group.waitForAll()
            }

            #expect(commits.count == 2)
            let settings = try await store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM setting") }
            #expect(settings == 100)
        }
    }

    @Test("closures run in the order of their arrival and see what the ones before them wrote")
    func order() async throws {
        try await withStore { store in
            let key = SettingKey(rawValue: "counter")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<500 {
                    group.addTask {
                        try await store.write { transaction in
                            let value = try transaction.settings.value(key).flatMap(Int.init) ?? 0
                            try transaction.settings.set(key, to: String(value + 1))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let counter = try await store.read { try $0.settings.value(key) }
            #expect(counter == "500")
        }
    }

    @Test("what was written is visible to every other connection when the caller goes on")
    func visibility() async throws {
        try await withStore { store in
            let other = try DatabaseQueue(path: store.path)
            try await store.write { try $0.settings.set(SettingKey(rawValue: "key"), to: "value") }
            let value = try await other.read { try String.fetchOne($0, sql: "SELECT value FROM setting") }
            #expect(value == "value")
            try other.close()
        }
    }

    @Test("a full disk is told as such, changes nothing, and does not last longer than itself")
    func fullDisk() async throws {
        try await withStore { store in
            try await store.pool.writeWithoutTransaction { database in
                let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                try database.execute(sql: "PRAGMA max_page_count = \(pages + 2)")
            }
            let large = String(repeating: "x", count: 100_000)
            let runs = Mutex(0)
            let error = await domainError {
                try await store.write { transaction in
                    runs.withLock { $0 += 1 }
                    try transaction.settings.set(SettingKey(rawValue: "large"), to: large)
                }
            }
            #expect(error == .storageFull)
            #expect(runs.withLock { $0 } == 1, "a closure never runs twice")
            try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
            try await store.write { try $0.settings.set(SettingKey(rawValue: "small"), to: "y") }
            let settings = try await store.read { snapshot in
                try ["large", "small"].map { try snapshot.settings.value(SettingKey(rawValue: $0)) }
            }
            #expect(settings == [nil, "y"])
        }
    }

    @Test("changes of a closure that failed are not announced")
    func announcements() async throws {
        try await withStore { store in
            try await store.addCompanies()
            var changes = try store.changes.subscribe(as: .boss).makeAsyncIterator()
            await #expect(throws: Refusal.self) {
                try await store.write { transaction in
                    try transaction.append(EventDraft(.companyRenamed, company: "2", "never happened"))
                    throw Refusal()
                }
            }
            try await store.write { _ = try $0.append(EventDraft(.companyRenamed, company: "2", "happened")) }
            let details = await changes.next()?.events.map(\.detail)
            #expect(details == ["happened"])
        }
    }
}

private final class CommitCounter: TransactionObserver, Sendable {
    private let commits = Atomic<Int>(0)

    var count: Int { commits.load(ordering: .relaxed) }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ database: Database) { commits.wrappingAdd(1, ordering: .relaxed) }
    func databaseDidRollback(_ database: Database) {}
}

/// Waits until a condition holds, for ten seconds at most.
func poll(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("the condition did not come about within ten seconds")
            return
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
