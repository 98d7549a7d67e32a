import GRDB
import SchemaCheck

/// Whether an existing file is a database that this program can work with.
enum Soundness {
    /// "UMDB", in the header of every database of ours.
    static let applicationID: Int32 = 0x554D_4442

    /// Up to this size every index is compared with its table at each start: half a second on a slow machine.
    private static let fullCheckLimit = 8 * 1024 * 1024
    /// Up to this size every page is looked at: a quarter of a second on a slow disk.
    private static let pageCheckLimit = 64 * 1024 * 1024

    /// A file without tables passes if it `mayBeEmpty`: a first start that was cut off leaves one.
    ///
    /// - Throws: ``StoreError``, and `DatabaseError` for files that SQLite cannot read.
    static func check(_ pool: DatabasePool, path: String, mayBeEmpty: Bool) throws {
        try pool.read { database in
            let tables = try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            let applicationID = try Int32.fetchOne(database, sql: "PRAGMA application_id")
            guard applicationID == Self.applicationID else {
                // The migrator makes its own table before the first migration.
                if tables != ["grdb_migrations"], !tables.isEmpty { throw StoreError.foreign(path: path) }
                if mayBeEmpty { return }
                throw StoreError.damaged(path: path, problem: "it is empty")
            }
            if try Migrations.migrator.hasBeenSuperseded(database) { throw StoreError.newer(path: path) }
            if let missing = try Migrations.migrator.missing(from: database) {
                throw StoreError.damaged(path: path, problem: "\(missing) is not there")
            }
            let size = try size(of: database)
            let check = size <= fullCheckLimit ? "integrity_check" : "quick_check"
            // In a large database all but the tables that grow without end.
            for table in tables where size <= pageCheckLimit || table != "event" && table != "upgrade" {
                let problems = try String.fetchAll(
                    database, sql: "PRAGMA \(check)(\(table.quotedDatabaseIdentifier))")
                guard problems == ["ok"] else {
                    throw StoreError.damaged(path: path, problem: oneLine(problems.first ?? "no answer"))
                }
            }
        }
    }

    private static func size(of database: Database) throws -> Int {
        let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
        let pageSize = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
        return pages * pageSize
    }
}
