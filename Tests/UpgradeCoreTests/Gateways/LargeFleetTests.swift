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
            GatewayFilter(), GatewayFilter(company: "2"), GatewayFilter(version: "0.5"), GatewayFilter(state: .failed),
            GatewayFilter(online: true),
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
            #expect(plan.count == 1)
            #expect(plan.allSatisfy { $0.hasPrefix("SEARCH gateway USING") }, "\(plan)")
        }
    }
}
