import GRDB
import SchemaCheck

/// The tables of a store. Changes are appended as migrations.
///
/// `message` has a payload once, whoever it waits for. A `delivery` keeps the order of its session by its id. `part` names messages of which not all
/// loops have said what they keep: what there is of them does not count. `absent` and `deadline` are moments of the operating time, which `clock` has.
enum Tables {
    static func open(_ path: String) throws(StorageError) -> DatabaseQueue {
        do {
            var configuration = Configuration()
            configuration.label = "sessions"
            configuration.journalMode = .wal
            configuration.foreignKeysEnabled = false
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA cache_size = -8000; PRAGMA journal_size_limit = 67108864")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try check(queue, path)
            try queue.writeWithoutTransaction { try allowShrinking($0) }
            try writeLogAnew(queue)
            // GRDB sets synchronous=NORMAL whenever it turns on the write-ahead log.
            let synchronous = try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                return try Int.fetchOne(database, sql: "PRAGMA synchronous")
            }
            guard synchronous == 2 else { throw StorageError.notDurable(path: path) }
            // Also migrations must be on the disk one after the other: a log with a hole in it counts as damaged.
            try migrator.migrate(queue)
            return queue
        } catch {
            throw StorageError(error, path: path)
        }
    }

    /// Writes what the last process left in the write-ahead log into the database, and flushes that, before anything is added to the log.
    ///
    /// If flushing the log failed then, the system may hold pages that it takes for written and the disk has never seen. They read well until the power
    /// fails; what was added behind them would be lost with them.
    private static func writeLogAnew(_ queue: DatabaseQueue) throws {
        do {
            try queue.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            // Then nothing can be added either.
        }
    }

    /// "UMBS", in the header of every such file.
    private static let applicationID: Int32 = 0x554D_4253

    private static func check(_ queue: DatabaseQueue, _ path: String) throws {
        try queue.read { database in
            // The migrator makes its own table before the first migration.
            let tables =
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'grdb_migrations'") ?? 0
            guard tables > 0 else { return }
            guard try Int32.fetchOne(database, sql: "PRAGMA application_id") == applicationID else {
                throw StorageError.damaged(path: path, problem: "it is another program's database")
            }
            if try migrator.hasBeenSuperseded(database) { throw StorageError.newer(path: path) }
            if let missing = try migrator.missing(from: database) {
                throw StorageError.damaged(path: path, problem: "\(missing) is not there")
            }
            if try size(database) <= StorageLimits.fullCheckBytes { try checkPages(database) }
        }
    }

    private static func checkPages(_ database: Database) throws {
        let problem = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
        guard problem == "ok" else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: problem ?? "no answer")
        }
    }

    /// Looks at a file, all of it, and changes nothing.
    static func inspect(_ path: String) throws(StorageError) -> StorageInspection {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try check(queue, path)
            return try queue.read { database in
                try checkPages(database)
                func count(_ table: String) throws -> Int {
                    try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
                }
                return StorageInspection(
                    sessions: try count("session"), messages: try count("message"), retained: try count("retained"),
                    bytes: StorageFolder.size(of: path) + StorageFolder.size(of: path + "-wal"))
            }
        } catch {
            throw StorageError(error, path: path)
        }
    }

    /// A file that is small enough for it is written anew so that its free pages can be given back.
    private static func allowShrinking(_ database: Database) throws {
        guard try Int.fetchOne(database, sql: "PRAGMA auto_vacuum") != 2,
            try size(database) <= StorageLimits.fullCheckBytes
        else { return }
        try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
    }

    /// Gives some free pages back if most pages are free.
    static func shrink(_ database: Database) throws {
        let free = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        guard free > StorageLimits.freePages, free > pages / 2,
            try Int.fetchOne(database, sql: "PRAGMA auto_vacuum") == 2
        else { return }
        // Each row of the answer is a page.
        let count = min(free, StorageLimits.pagesAtOnce)
        let rows = try Row.fetchCursor(database, sql: "PRAGMA incremental_vacuum(\(count))")
        while try rows.next() != nil {}
        _ = try Row.fetchAll(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }

    private static func size(_ database: Database) throws -> Int64 {
        let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        let size = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 0
        return pages.multipliedReportingOverflow(by: size).partialValue
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("sessions") { database in
            try database.execute(sql: first)
        }
        migrator.registerMigration("operating time") { database in
            try database.execute(sql: operatingTime)
        }
        return migrator
    }

    private static let first = """
        PRAGMA application_id = \(applicationID);
        CREATE TABLE session (
            id INTEGER PRIMARY KEY, client TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, expiry INTEGER, absent INTEGER,
            will BLOB, willAddress TEXT, willVersion INTEGER
        ) STRICT;
        CREATE TABLE subscription (
            session INTEGER NOT NULL, isShared INTEGER NOT NULL, filter TEXT NOT NULL, options INTEGER NOT NULL,
            identifier INTEGER, PRIMARY KEY (session, isShared, filter)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE message (
            id INTEGER PRIMARY KEY, flags INTEGER NOT NULL, expiry INTEGER, deadline INTEGER, publisher TEXT,
            head BLOB NOT NULL, payload BLOB NOT NULL
        ) STRICT;
        CREATE TABLE delivery (
            id INTEGER PRIMARY KEY, session INTEGER NOT NULL, message INTEGER, flags INTEGER NOT NULL, identifiers TEXT,
            stage INTEGER NOT NULL, packet INTEGER
        ) STRICT;
        CREATE TABLE received (
            session INTEGER NOT NULL, packet INTEGER NOT NULL, message INTEGER NOT NULL, PRIMARY KEY (session, packet)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE retained (topic TEXT PRIMARY KEY, message INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE part (message INTEGER PRIMARY KEY) STRICT;
        """

    /// What was a moment of the wall clock begins anew with all the time that it had.
    private static let operatingTime = """
        CREATE TABLE clock (milliseconds INTEGER NOT NULL) STRICT;
        INSERT INTO clock VALUES (0);
        UPDATE session SET absent = 0 WHERE absent IS NOT NULL;
        UPDATE message SET deadline = expiry WHERE deadline IS NOT NULL;
        """
}
