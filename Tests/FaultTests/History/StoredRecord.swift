import Foundation
import ProgramSupport
import Testing

/// What a stopped daemon left behind, read by SQLite's own program and from the release store.
struct StoredRecord: Sendable {
    struct Upgrade: Sendable, Equatable {
        var deployment: Int
        var gateway: String
        var version: Int
        var state: String
    }

    var companies: [String] = []
    var users: [String] = []
    /// The names of people's tokens.
    var tokens: [String] = []
    /// The client of each session that the broker keeps with all subscriptions of a gateway.
    var sessions: [String] = []
    /// Each gateway's row, with the version that it is at.
    var gateways: [(id: String, version: Int?)] = []
    var upgrades: [Upgrade] = []
    /// Each release, with what `digest` makes of the file that the store has for it; nil: there is none.
    var releases: [(version: Int, digest: UInt64?)] = []

    /// A number for the content of a release that no two of a test's releases share.
    static func digest(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

extension StoredRecord {
    init(of data: String) async throws {
        func rows(_ query: String, of database: String = "umd.sqlite3") async throws -> [JSON] {
            let outcome = try await Program.run(
                "/usr/bin/sqlite3", ["-json", "file:\(data)/\(database)?mode=ro", query])
            try #require(outcome.status == 0, "\(outcome.errors)")
            return outcome.output.isEmpty
                ? [] : JSON(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))).items
        }
        companies = try await rows("SELECT id FROM company").map { $0["id"].text }
        users = try await rows("SELECT username FROM user").map { $0["username"].text }
        tokens = try await rows("SELECT name FROM api_token").map { $0["name"].text }
        // A restored folder has none.
        if FileManager.default.fileExists(atPath: data + "/broker/sessions.sqlite3") {
            sessions = try await rows(
                "SELECT client FROM session WHERE (SELECT count(*) FROM subscription WHERE session = session.id) >= 8",
                of: "broker/sessions.sqlite3"
            )
            .map { $0["client"].text }
        }
        gateways = try await rows("SELECT id, version / 1000000 AS version FROM gateway")
            .map { ($0["id"].text, $0["version"].integer) }
        upgrades = try await rows(
            "SELECT deployment_id, gateway_id, version / 1000000 AS version, state FROM upgrade"
        )
        .map { row in
            Upgrade(
                deployment: try #require(row["deployment_id"].integer), gateway: row["gateway_id"].text,
                version: try #require(row["version"].integer), state: row["state"].text)
        }
        for row in try await rows("SELECT version / 1000000 AS version, sha256 FROM release WHERE deleted_at IS NULL") {
            let file = try? Data(contentsOf: URL(filePath: "\(data)/releases/\(row["sha256"].text)"))
            releases.append((try #require(row["version"].integer), file.map(Self.digest)))
        }
    }
}
