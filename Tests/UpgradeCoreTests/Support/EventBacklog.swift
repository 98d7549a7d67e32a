import GRDB

@testable import UpgradeCore

extension Store {
    /// So many events of some thousand gateways, a millisecond apart, that have just happened.
    func addEvents(_ count: Int) async throws {
        for start in stride(from: 0, to: count, by: 50_000) {
            try await write { transaction in
                try transaction.database.execute(
                    sql: """
                        WITH RECURSIVE number (n) AS
                            (SELECT :start UNION ALL SELECT n + 1 FROM number WHERE n + 1 < min(:count, :start + 50000))
                        INSERT INTO event (time, kind, gateway_id, company_id, detail)
                        SELECT :time + n, 'initialised', 'gw' || (n * 7919 % 2000), '2', '1.1 → 1.2, as gateways say'
                        FROM number
                        """,
                    arguments: [
                        "start": start, "count": count, "time": transaction.time.milliseconds - Int64(count),
                    ])
            }
        }
    }

    /// How many pages the database's file has.
    func pages() async throws -> Int {
        try await read { try Int.fetchOne($0.database, sql: "PRAGMA page_count") ?? 0 }
    }
}
