import FoundationEssentials
import GRDB
import WriteAheadLog

/// The database of one installation.
///
/// Whatever reads or changes it goes through ``read(_:)`` and ``write(_:)``; the handle that their closures get must
/// not leave them. Only `Storage` knows that there is SQLite behind it.
public final class Store: Sendable {
    /// Where the database is.
    public let path: String
    /// What every committed change is announced on.
    public let changes: ChangeFeed

    /// For online backup.
    let pool: DatabasePool
    private let groupCommit: GroupCommit
    private let now: @Sendable () -> Timestamp

    /// What ``open(at:ifAbsent:now:)`` does when there is no file.
    public enum Absence: Sendable {
        /// Makes an empty database.
        case creates
        /// Throws ``StoreError/missing(path:)``.
        case isAnError
    }

    /// Opens the database, looks whether it is sound and brings its tables up to date.
    ///
    /// Blocks its thread meanwhile: some milliseconds, up to a second when the database is large.
    ///
    /// - Parameters:
    ///   - path: the file. Its folder exists.
    ///   - absence: what to do when there is no file.
    ///   - isAlone: whether nobody else has the database open. What the last process left in the log is then written anew, before anything is added to it.
    ///   - now: the wall clock; another one for tests.
    /// - Returns: the store, ready for use.
    /// - Throws: ``StoreError``.
    public static func open(
        at path: String, ifAbsent absence: Absence, isAlone: Bool = false,
        now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) throws(StoreError) -> Store {
        let exists = FileManager.default.fileExists(atPath: path)
        if !exists, absence == .isAnError { throw .missing(path: path) }
        // SQLite would take the log of an empty file for a stranger's and remove it.
        if exists, absence == .isAnError, (try? FileBytes.size(of: path)) == 0 {
            throw .damaged(path: path, problem: "it is empty")
        }
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            if exists { try Soundness.check(pool, path: path, mayBeEmpty: absence == .creates) }
            if isAlone { try writeLogAnew(pool) }
            // Also migrations must be on the disk one after the other: a log with a hole in it counts as damaged.
            try promiseDurability(pool, path: path)
            try Migrations.migrator.migrate(pool)
            return Store(path: path, pool: pool, now: now)
        } catch let error as StoreError {
            throw error
        } catch let error as DatabaseError {
            throw StoreError(error, path: path)
        } catch {
            throw .cannotOpen(path: path, problem: oneLine("\(error)"))
        }
    }

    /// Looks for signs that committed transactions are missing from the log that a process left which died.
    ///
    /// Nobody has the database open, and nobody opens it meanwhile.
    ///
    /// - Throws: ``StoreError/logDamaged(path:problem:)``.
    static func checkLog(of path: String) throws(StoreError) {
        guard let problem = WriteAheadLog.damage(of: path) else { return }
        throw .logDamaged(path: path, problem: problem)
    }

    private init(path: String, pool: DatabasePool, now: @escaping @Sendable () -> Timestamp) {
        self.path = path
        self.pool = pool
        self.now = now
        changes = ChangeFeed()
        groupCommit = GroupCommit(pool: pool, changes: changes, now: now)
    }

    /// Runs a query on the last committed state, beside any writer.
    ///
    /// - Throws: what `body` throws, and ``DomainError/unavailable(_:)`` when the database does not answer.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (Snapshot) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.read { try body(Snapshot(database: $0)) }
        } catch let error as DatabaseError {
            throw DomainError(error) ?? error
        }
    }

    /// Runs a closure as one domain transaction, and returns after what it changed is durable.
    ///
    /// Closures that arrive while a transaction runs share the next one, in the order of their arrival. Each runs once and
    /// has its own savepoint: one that throws changes nothing and fails alone. When the disk fails, all fail that share
    /// the transaction.
    ///
    /// - Throws: what `body` throws; ``DomainError/storageFull`` and ``DomainError/unavailable(_:)`` when the
    ///   transaction could not be committed.
    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (Transaction) throws -> Value
    ) async throws -> Value {
        try await groupCommit.write(body)
    }

    /// The wall clock that transactions are dated by.
    var time: Timestamp { now() }

    /// Closures given to ``write(_:)`` whose transaction has not begun: how far the disk is behind.
    public var waitingWrites: Int { groupCommit.waiting }

    /// Transactions that were committed since the store was opened: the fewer they are beside what happened, the more each one carried.
    public var commits: Int { groupCommit.committed }

    /// Waits for what is running and closes the files; the database is then one file again. The store is of no use afterwards.
    public func close() throws {
        changes.finish()
        try pool.close()
        // The last connection to close, of all processes, moves the write-ahead log into the database and removes it, if it may write. Those
        // that the pool closes last may only read, hence this one. Without it nothing is lost: the log stays beside the database.
        try? Self.closeAsWriter(path)
    }

    private static func closeAsWriter(_ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { _ = try Int.fetchOne($0, sql: "PRAGMA schema_version") }
        try queue.close()
    }

    /// Writes what the last process left in the write-ahead log into the database, and flushes that.
    ///
    /// If flushing the log failed then, the system may hold pages that it takes for written and the disk has never seen. They read well until the power
    /// fails; what was added behind them would be lost with them.
    private static func writeLogAnew(_ pool: DatabasePool) throws {
        do {
            try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        } catch let error as DatabaseError where [.SQLITE_BUSY, .SQLITE_FULL].contains(error.resultCode) {
            // A tool that knows no lock reads it just now; or there is no room, and so nothing can be added either.
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "store"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // A checkpoint for each 16 MB of log: a fleet that comes back changes the same pages again and again, and each is moved into the database once.
            try database.execute(
                sql:
                    "PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864"
            )
        }
        return configuration
    }

    /// GRDB sets synchronous=NORMAL whenever it turns on the write-ahead log, whatever the configuration says.
    private static func promiseDurability(_ pool: DatabasePool, path: String) throws {
        let synchronous = try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            return try Int.fetchOne(database, sql: "PRAGMA synchronous")
        }
        guard synchronous == 2 else { throw StoreError.notDurable(path: path) }
    }
}

/// Something that a query can be put to: every table of `Storage` is a property of it.
protocol DatabaseAccess {
    var database: Database { get }
}

/// The last committed state, while a ``Store/read(_:)`` closure runs.
public struct Snapshot: DatabaseAccess {
    let database: Database
}
