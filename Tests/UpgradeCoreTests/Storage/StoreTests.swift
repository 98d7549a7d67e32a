import Foundation
import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Store: opening")
struct StoreTests {
    private func openError(_ path: String, ifAbsent absence: Store.Absence = .isAnError) -> StoreError? {
        do {
            try Store.open(at: path, ifAbsent: absence).close()
            Issue.record("the database opened")
            return nil
        } catch let error as StoreError {
            #expect(error.description == oneLine(error.description))
            #expect(error.description.contains(path))
            return error
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test("the writer syncs fully, also after the log was turned over, and checks foreign keys")
    func durability() async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            let pragmas = try await store.pool.writeWithoutTransaction { database in
                try ["synchronous", "foreign_keys"].map { try Int.fetchOne(database, sql: "PRAGMA \($0)") }
            }
            #expect(pragmas == [2, 1])
            let journal = try await store.pool.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
            #expect(journal == "wal")
        }
    }

    @Test("what was written is there after closing and opening again")
    func reopening() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            let store = try Store.open(at: path, ifAbsent: .creates)
            try await store.addCompanies()
            try store.close()
            #expect(!FileManager.default.fileExists(atPath: path + "-wal"), "the database is one file again")
            let again = try Store.open(at: path, ifAbsent: .isAnError)
            let company = try await again.read { try $0.companies.find("2", in: .everything) }
            #expect(company?.name == "Company 2")
            try again.close()
        }
    }

    @Test("every table is strict")
    func strictness() async throws {
        try await withStore { store in
            let lax = try await store.pool.read { database in
                try String.fetchAll(
                    database,
                    sql: """
                        SELECT name FROM pragma_table_list
                        WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations'
                        """)
            }
            #expect(lax.isEmpty)
        }
    }

    @Test("a missing database is not made anew when there should be one")
    func missing() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            #expect(openError(path) == .missing(path: path))
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("a file without tables is a fresh start or damage, as the caller says")
    func empty() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            try Data().write(to: URL(fileURLWithPath: path))
            #expect(openError(path) == .damaged(path: path, problem: "it is empty"))
            try Store.open(at: path, ifAbsent: .creates).close()
        }
    }

    @Test("a first start that was cut off before the first migration goes on")
    func cutOff() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            let started = try DatabaseQueue(path: path)
            try await started.write {
                try $0.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
            }
            try started.close()
            #expect(openError(path) == .damaged(path: path, problem: "it is empty"))
            try Store.open(at: path, ifAbsent: .creates).close()
            try Store.open(at: path, ifAbsent: .isAnError).close()
        }
    }

    @Test("text is no database")
    func noDatabase() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            try Data(String(repeating: "no database\n", count: 1000).utf8).write(to: URL(fileURLWithPath: path))
            guard case .damaged = openError(path) else {
                Issue.record("not reported as damaged")
                return
            }
        }
    }

    @Test("another program's database is left alone")
    func foreign() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            let other = try DatabaseQueue(path: path)
            try await other.write { try $0.execute(sql: "CREATE TABLE recipe (name TEXT)") }
            try other.close()
            #expect(openError(path, ifAbsent: .creates) == .foreign(path: path))
        }
    }

    @Test("a database of a newer version is refused")
    func newer() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            try Store.open(at: path, ifAbsent: .creates).close()
            let future = try DatabaseQueue(path: path)
            try await future.write {
                try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99 from the future')")
            }
            try future.close()
            #expect(openError(path) == .newer(path: path))
        }
    }

    @Test("overwritten pages are found before anything is served", arguments: [0.3, 0.5, 0.7])
    func damaged(position: Double) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            let store = try Store.open(at: path, ifAbsent: .creates)
            try await store.addCompanies()
            try await store.add((0..<3000).map { try GatewayID("gateway-\($0)") }, company: "2")
            try await store.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
            try store.close()

            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            let pages = Double(try file.seekToEnd() / 4096)
            try file.seek(toOffset: UInt64(pages * position) * 4096)
            try file.write(contentsOf: Data(repeating: 0xA5, count: 3 * 4096))
            try file.close()
            guard case .damaged = openError(path) else {
                Issue.record("not reported as damaged")
                return
            }
        }
    }

    @Test("what the schema lacks is named; what somebody added to it is no damage")
    func schema() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            try Store.open(at: path, ifAbsent: .creates).close()
            let stranger = try DatabaseQueue(path: path)
            try await stranger.write { try $0.execute(sql: "CREATE INDEX mine ON company (name)") }
            try Store.open(at: path, ifAbsent: .isAnError).close()
            try await stranger.write { database in
                try database.execute(sql: "ALTER TABLE company RENAME COLUMN registered TO regisdered")
            }
            try stranger.close()
            let lost = "the column registered of company (INTEGER NOT NULL) is not there"
            #expect(openError(path) == .damaged(path: path, problem: lost))
        }
    }

    @Test("a folder that does not exist is named")
    func noFolder() {
        let path = "/nonexistent-\(UUID().uuidString)/umd.sqlite3"
        guard case .cannotOpen = openError(path, ifAbsent: .creates) else {
            Issue.record("not reported as impossible to open")
            return
        }
    }
}
