import GRDB
import UpgradeProtocol

/// What a dashboard counts and picks out. Every statement reads an index that is made for it; see ``Migrations/figureIndexes``.
struct FigureQueries {
    let database: Database

    /// How many upgrades ended so in one stretch of time; a stretch without any may be left out.
    typealias Settled = (stretch: Int, state: UpgradeState, count: Int)

    /// Upgrades by the stretch of time in which they were settled.
    func settled(from start: Timestamp, every step: Int64, count: Int, in scope: Scope) throws -> [Settled] {
        let rows =
            switch scope {
            case .everything:
                try Row.fetchAll(
                    database.cachedStatement(sql: Self.settledOfAll),
                    arguments: ["count": count, "start": start.milliseconds, "step": step])
            case .company(let own, claims: _):
                try Row.fetchAll(
                    database.cachedStatement(sql: Self.settledOfCompany),
                    arguments: [
                        "count": count, "start": start.milliseconds, "step": step, "company": own.rawValue,
                    ])
            }
        return try rows.map { ($0["stretch"], try $0.name("state"), $0["count"]) }
    }

    // Each count is a range of the index: nothing is sorted.
    static let settledOfAll = """
        WITH RECURSIVE stretch (number) AS (VALUES (0) UNION ALL SELECT number + 1 FROM stretch WHERE number + 1 < :count),
            ending (state) AS (VALUES ('confirmed'), ('timedOut'), ('failed'), ('cancelled'))
        SELECT stretch.number AS stretch, ending.state AS state,
            (SELECT count(*) FROM upgrade
                WHERE upgrade.state = ending.state AND settled_at >= :start + stretch.number * :step
                AND settled_at < :start + (stretch.number + 1) * :step) AS count
        FROM stretch CROSS JOIN ending
        """

    // The order of a CROSS JOIN is kept: from the company's gateways to their upgrades.
    static let settledOfCompany = """
        SELECT (settled_at - :start) / :step AS stretch, upgrade.state AS state, count(*) AS count
        FROM gateway CROSS JOIN upgrade ON upgrade.gateway_id = gateway.id
        WHERE gateway.seen_by_company_id = :company AND gateway.company_id IS NOT NULL
            AND settled_at >= :start AND settled_at < :start + :step * :count
        GROUP BY 1, 2
        """

    /// A gateway list of its own, the most recent first.
    enum Sign: CaseIterable {
        /// Its last upgrade failed or timed out.
        case failing
        /// It sent bad frames since a time.
        case badFrames
        /// It was last heard of before a time.
        case absent
    }

    func gateways(showing sign: Sign, around time: Timestamp, in scope: Scope, limit: Int) throws -> [Gateway] {
        let (sql, arguments) = Self.query(showing: sign, around: time, in: scope, limit: limit)
        return try database.cachedStatement(sql: sql).all(arguments, Gateway.init(columns:))
    }

    static func query(
        showing sign: Sign, around time: Timestamp, in scope: Scope, limit: Int
    ) -> (sql: String, arguments: StatementArguments) {
        let (index, key, term): (String, String, String) =
            switch sign {
            case .failing: ("gateway_failing", "latest_deployment_id", "upgrade_state IN ('failed', 'timedOut')")
            case .badFrames: ("gateway_bad_frames", "bad_frame_at", "bad_frame_at >= ?")
            case .absent:
                (
                    "gateway_absent", "last_seen",
                    "online = 0 AND enabled = 1 AND company_id IS NOT NULL AND last_seen < ?"
                )
            }
        var conditions = Conditions()
        if sign == .failing { conditions.require(term) } else { conditions.require(term, time.milliseconds) }
        if case .company(let own, let claims) = scope {
            conditions.require("seen_by_company_id = ?", own.rawValue)
            if !claims { conditions.require("company_id IS NOT NULL") }
        }
        // Told which index: SQLite would rather go through all of a state or a company and sort that.
        let sql = """
            SELECT \(GatewayTable.columns) FROM gateway
            WHERE id IN (SELECT id FROM gateway INDEXED BY \(index) \(conditions.clause) ORDER BY \(key) DESC LIMIT \(limit))
            ORDER BY \(key) DESC
            """
        return (sql, conditions.arguments)
    }
}

extension DatabaseAccess {
    var figures: FigureQueries { FigureQueries(database: database) }
}
