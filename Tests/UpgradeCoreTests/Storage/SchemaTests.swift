import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// What the tables themselves refuse, whatever the program does.
@Suite("Storage: the schema guards the data")
struct SchemaTests {
    @Test(
        "what contradicts itself is refused",
        arguments: [
            """
            INSERT INTO gateway (id, company_id, seen_by_company_id, name, created_at)
            VALUES ('gw9', 'nobody', 'nobody', 'x', 0)
            """,
            "UPDATE gateway SET seen_by_company_id = '3' WHERE id = 'gw1'",
            "INSERT INTO gateway (id, name, created_at) VALUES ('gw1', 'twice', 0)",
            "INSERT INTO gateway (id, name, created_at, latitude) VALUES ('gw9', 'x', 0, 91.0)",
            "INSERT INTO gateway (id, name, created_at) VALUES ('gw9', '', 0)",
            "INSERT INTO gateway (id, name, created_at, version) VALUES ('gw9', 'x', 0, 'one')",
            "INSERT INTO user (username, name, role, company_id, created_at) VALUES ('a', 'a', 'super', '2', 0)",
            "INSERT INTO user (username, name, role, company_id, created_at) VALUES ('a', 'a', 'king', '1', 0)",
            "INSERT INTO user (username, name, role, company_id, created_at) VALUES ('ANNA', 'a', 'user', '2', 0)",
            "DELETE FROM company WHERE id = '2'",
            """
            INSERT INTO release (version, sha256, size, crc32, added_at, state, origin)
            VALUES (1200000, '\(String(repeating: "b", count: 64))', 1, 1, 0, 'available', 'upload')
            """,
            "UPDATE upgrade SET state = 'confirmed' WHERE gateway_id = 'gw1'",
            """
            INSERT INTO upgrade (deployment_id, gateway_id, version, state, created_at, deadline)
            VALUES (2, 'gw1', 1200000, 'pending', 0, 0)
            """,
            "INSERT INTO gateway_credential (gateway_id, created_at) VALUES ('gw1', 0)",
            "INSERT INTO gateway_credential (gateway_id, secret_sha256, created_at) VALUES ('gw1', x'00', 0)",
            "INSERT INTO gateway_credential (gateway_id, by_certificate, created_at) VALUES ('', 1, 0)",
            "INSERT INTO gateway_credential (gateway_id, by_certificate, created_at) VALUES ('gw1', 2, 0)",
            "INSERT INTO mqtt_account VALUES ('x', '[]', '[]', x'00', 0)",
            "INSERT INTO mqtt_account VALUES ('x', '{}', '[]', zeroblob(32), 0)",
            "INSERT INTO mqtt_account VALUES ('x', '[]', 'a/b', zeroblob(32), 0)",
            "INSERT INTO mqtt_account VALUES ('', '[]', '[]', zeroblob(32), 0)",
            "INSERT INTO api_token VALUES (1, 'nobody', 'x', zeroblob(32), 0, 1)",
            "INSERT INTO api_token VALUES (1, 'anna', '', zeroblob(32), 0, 1)",
            "INSERT INTO api_token VALUES (1, 'anna', 'x', zeroblob(31), 0, 1)",
            "INSERT INTO api_token VALUES (1, 'anna', 'x', zeroblob(32), 1, 1)",
        ])
    func refuses(statement: String) async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["gw1"], company: "2")
            try await store.add(
                User(username: "anna", name: "Anna", role: .user, companyID: "2", mustChangePassword: false))
            let release = try await store.addRelease("1.2")
            _ = try await store.addDeployment(of: release, to: ["gw1": .pending], target: .all)
            _ = try await store.addDeployment(of: release, to: [:], target: .all)
            await #expect(throws: DatabaseError.self) {
                try await store.write { try $0.database.execute(sql: statement) }
            }
        }
    }

    @Test("a removed version may be added anew, and both releases stay")
    func versionAnew() async throws {
        try await withStore { store in
            let first = try await store.addRelease("1.2")
            try await store.write { try $0.releases.delete(first.id, at: $0.time) }
            let second = try await store.addRelease("1.2")
            #expect(first.id != second.id)
            let found = try await store.read { (try $0.releases.find("1.2"), try $0.releases.find(first.id)) }
            #expect(found.0 == second)
            #expect(found.1?.state == .removed)
        }
    }

    @Test("a gateway tells of its newest upgrade, not of older ones that still change")
    func newestUpgrade() async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["gw1"], company: "2")
            let old = try await store.addRelease("1.2")
            let new = try await store.addRelease("1.3")
            let first = try await store.addDeployment(of: old, to: ["gw1": .timedOut], target: .all)
            let second = try await store.addDeployment(of: new, to: ["gw1": .pending], target: .all)
            try await store.write { transaction in
                try transaction.database.execute(
                    sql: "UPDATE upgrade SET state = 'confirmed', reason = 'late' WHERE deployment_id = ?",
                    arguments: [first.rawValue])
            }
            let gateway = try await store.read { try $0.gateways.find("gw1", in: .everything) }
            #expect(
                gateway?.lastUpgradeOrder
                    == Gateway.LastUpgrade(deploymentID: second, state: .pending, targetVersion: "1.3", reason: nil))

            try await store.write { transaction in
                try transaction.database.execute(
                    sql: """
                        UPDATE upgrade SET state = 'failed', reason = 'no room', settled_at = 1 WHERE deployment_id = ?
                        """, arguments: [second.rawValue])
            }
            let failed = try await store.read { try $0.gateways.find("gw1", in: .everything) }
            #expect(failed?.lastUpgradeOrder?.state == .failed)
            #expect(failed?.lastUpgradeOrder?.reason == "no room")
        }
    }
}
