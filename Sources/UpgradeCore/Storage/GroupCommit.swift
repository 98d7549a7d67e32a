import DequeModule
import GRDB
import Synchronization

/// Commits what arrives while a transaction runs together in the next one.
///
/// There is no timer: the next transaction starts when the last one is durable. A lone closure therefore waits for
/// nothing, and the more closures come the less each one costs.
final class GroupCommit: Sendable {
    /// A closure and its caller. Exactly one of the two ends is called.
    private struct Job: Sendable {
        /// Runs the closure; what it returns resumes the caller with the closure's value.
        let run: @Sendable (Transaction) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private struct Queue {
        var jobs: Deque<Job> = []
        var running = false
        var committed = 0
    }

    /// Bounds how long the first caller of a batch waits for the last.
    private static let largestBatch = 1024

    private let pool: DatabasePool
    private let changes: ChangeFeed
    private let now: @Sendable () -> Timestamp
    private let queue = Mutex(Queue())

    init(pool: DatabasePool, changes: ChangeFeed, now: @escaping @Sendable () -> Timestamp) {
        self.pool = pool
        self.changes = changes
        self.now = now
    }

    func write<Value: Sendable>(_ body: @escaping @Sendable (Transaction) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            enqueue(
                Job(
                    run: { transaction in
                        let value = try body(transaction)
                        return { continuation.resume(returning: value) }
                    },
                    fail: { continuation.resume(throwing: $0) }))
        }
    }

    /// Closures whose transaction has not begun.
    var waiting: Int { queue.withLock { $0.jobs.count } }

    /// Transactions that were committed.
    var committed: Int { queue.withLock { $0.committed } }

    private func enqueue(_ job: Job) {
        let mustStart = queue.withLock { queue in
            queue.jobs.append(job)
            defer { queue.running = true }
            return !queue.running
        }
        if mustStart { commitNextBatch() }
    }

    private func commitNextBatch() {
        pool.asyncWriteWithoutTransaction { database in
            let batch = self.takeBatch()
            self.commit(batch, in: database)
            let isEmpty = self.queue.withLock { queue in
                queue.running = !queue.jobs.isEmpty
                return queue.jobs.isEmpty
            }
            // Another turn of the writer's queue, so that a backup waiting there is not starved.
            if !isEmpty { self.commitNextBatch() }
        }
    }

    private func takeBatch() -> [Job] {
        queue.withLock { queue in
            let batch = Array(queue.jobs.prefix(Self.largestBatch))
            queue.jobs.removeFirst(batch.count)
            return batch
        }
    }

    private func commit(_ batch: [Job], in database: Database) {
        do {
            let outcome = try commitTogether(batch, in: database)
            queue.withLock { $0.committed += 1 }
            changes.publish(outcome.changes)
            for succeed in outcome.successes { succeed() }
            for failure in outcome.failures { failure.job.fail(failure.error) }
        } catch {
            // The transaction broke as a whole: the disk is full or fails. No closure runs a second time for it.
            for job in batch { job.fail(Self.domainError(error)) }
        }
    }

    private struct Outcome {
        var successes: [@Sendable () -> Void] = []
        var failures: [(job: Job, error: any Error)] = []
        var changes = ChangeSet()
    }

    /// - Throws: when the transaction as a whole could not be begun, kept or committed; nothing has changed then.
    private func commitTogether(_ batch: [Job], in database: Database) throws -> Outcome {
        var outcome = Outcome()
        try database.inTransaction(.immediate) {
            for job in batch {
                let transaction = Transaction(database: database, time: now())
                do {
                    try database.inSavepoint {
                        outcome.successes.append(try job.run(transaction))
                        return .commit
                    }
                    outcome.changes.merge(transaction.changes)
                } catch {
                    // Errors of the disk and of memory make SQLite roll back everything, not the savepoint alone.
                    guard database.isInsideTransaction else { throw error }
                    outcome.failures.append((job, Self.domainError(error)))
                }
            }
            return .commit
        }
        return outcome
    }

    private static func domainError(_ error: any Error) -> any Error {
        (error as? DatabaseError).flatMap(DomainError.init) ?? error
    }
}
