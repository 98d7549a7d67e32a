import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// What stays fast with 50,000 gateways does so because of an index; its plan is what a test can hold it to.
@Suite("Gateways: a large fleet")
struct LargeFleetTests {
    @Test(
        "no page of a list sorts or reads the whole fleet",
        arguments: [
            GatewayFilter(), GatewayFilter(company: "2"), GatewayFilter(versions: ["0.5"]),
            GatewayFilter(states: [.failed]),
            GatewayFilter(online: true), GatewayFilter(approved: false),
        ])
    func plans(filter: GatewayFilter) async throws {
        try await withStore { store in
            let plan = try await store.pool.read { database in
                let conditions = filter.conditions(in: .everything).and("id > ?", "gw7")
                return try Row.fetchAll(
                    database,
                    sql: """
                        EXPLAIN QUERY PLAN SELECT \(GatewayTable.columns) FROM gateway \(conditions.clause)
                        ORDER BY id LIMIT 101
                        """, arguments: conditions.arguments
                ).map { $0["detail"] as String }
            }
            // Whether a gateway is enrolled is looked up for the rows of the page alone.
            let lookups = ["CORRELATED SCALAR SUBQUERY", "SEARCH gateway_credential USING PRIMARY KEY"]
            let steps = plan.filter { step in !lookups.contains { step.hasPrefix($0) } }
            #expect(plan.count == steps.count + lookups.count, "\(plan)")
            #expect(steps.count == 1)
            #expect(steps.allSatisfy { $0.hasPrefix("SEARCH gateway USING") }, "\(plan)")
        }
    }

    @Test("the gateways in quarantine are counted without reading the others")
    func quarantine() async throws {
        try await withStore { store in
            let plan = try await store.pool.read { database in
                try Row.fetchAll(
                    database, sql: "EXPLAIN QUERY PLAN \(GatewayTable.countInQuarantine)", arguments: [1000]
                ).map { $0["detail"] as String }
            }
            #expect(plan.contains { $0.contains("gateway_in_quarantine") }, "\(plan)")
        }
    }
}
