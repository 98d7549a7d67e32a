import Foundation
import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Storage: a database of an earlier version")
struct MigrationTests {
    @Test("what the first version wrote is there, and the tables of identities are empty")
    func first() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            let old = try DatabaseQueue(path: path)
            try Migrations.migrator.migrate(old, upTo: "1 first tables")
            try await old.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO company (id, name, registered, created_at) VALUES ('2', 'Two', 1, 0);
                        INSERT INTO gateway (id, company_id, seen_by_company_id, name, created_at)
                        VALUES ('gw1', '2', '2', 'Roof', 0);
                        INSERT INTO gateway (id, claimed_company_id, seen_by_company_id, name, created_at)
                        VALUES ('gw2', '2', '2', 'New', 0);
                        """)
            }
            try old.close()

            let store = try Store.open(at: path, ifAbsent: .isAnError)
            let gateway = try await GatewayService(store: store).find("gw1", as: .boss)
            #expect(gateway.name == "Roof" && !gateway.enrolled)
            #expect(try await store.read { try $0.gateways.countInQuarantine(upTo: 10) } == 1)
            #expect(try await GatewayCredentials(store: store).all().isEmpty)
            #expect(try await MQTTAccountService(store: store).all().isEmpty)
            #expect(try await APITokenService(store: store).all().isEmpty)
            _ = try await GatewayCredentials(store: store).enroll("gw1", as: .boss)
            try await GatewayService(store: store).remove("gw1", as: .boss)
            #expect(try await GatewayCredentials(store: store).all().isEmpty)
            #expect(try await store.integrityProblems().isEmpty)
            try store.close()
        }
    }

    @Test("what a process that died left in the log is in the database before a migration adds to the log")
    func logOfTheDead() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/umd.sqlite3"
            let old = try DatabasePool(path: path)
            try Migrations.migrator.migrate(old, upTo: "4 figure indexes")
            let companies = 3000
            try await old.write { database in
                for number in 0..<companies {
                    try database.execute(
                        sql: "INSERT INTO company (id, name, registered, created_at) VALUES (?, ?, 1, 0)",
                        arguments: ["c\(number)", "Company \(number)"])
                }
            }
            let copy = folder + "/copy.sqlite3"
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
            }
            try old.close()
            let left = try FileBytes.size(of: copy + "-wal")

            let store = try Store.open(at: copy, ifAbsent: .isAnError, isAlone: true)
            let log = try FileBytes.size(of: copy + "-wal")
            #expect(log > 0 && log < left, "\(left) bytes were left, and there are \(log)")
            let found = try await store.read { try Int.fetchOne($0.database, sql: "SELECT count(*) FROM company") }
            #expect(found == companies)
            try store.close()
        }
    }
}
