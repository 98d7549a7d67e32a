import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Explanations as they are asked for, with the engine and the database behind them.
@Suite("Gateways: explanations")
struct ExplainedGatewayTests {
    @Test("an upgrade is explained on its way from the order to its confirmation")
    func onItsWay() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let gateways = GatewayService(store: fixture.store, engine: fixture.engine)
            func cause() async throws -> UpgradeExplanation.Cause? {
                try await gateways.explanation(of: "gw1", as: .adminOf2)?.cause
            }
            var connection = try await fixture.connect("gw1", reporting: "0.5", subscribing: false)
            #expect(try await cause() == .notOrdered(earlier: nil))
            try await fixture.disconnect("gw1", connection)
            try await fixture.order("1.2", .gateways(["gw1"]))
            #expect(try await cause() == .offline(since: fixture.time.now(), after: nil))

            connection = try await fixture.connect("gw1", subscribing: false)
            #expect(try await cause() == .awaitingStatus(after: nil))
            try await fixture.report("0.5", from: "gw1", connection)
            #expect(try await cause() == .awaitingSubscription)
            try await fixture.tell([.subscribed("gw1", connection, .toGateway(.upgrade, "gw1"))])
            #expect(try await cause() == .sending(since: fixture.time.now(), attempt: 1))
            let transfer = try #require(fixture.takeUpgrades().first).recipient.transfer
            try await fixture.tell([.transferWritten(transfer), .transferEnded(transfer, .delivered)])
            let delivery = UpgradeExplanation.Delivery(at: fixture.time.now(), number: 1)
            #expect(try await cause() == .awaitingConfirmation(delivery))

            try await fixture.disconnect("gw1", connection)
            #expect(try await cause() == .offline(since: fixture.time.now(), after: delivery))
            connection = try await fixture.connect("gw1", reporting: "0.5")
            let next = Timestamp(milliseconds: fixture.time.now().milliseconds + 300_000)
            #expect(try await cause() == .nextAttempt(at: next, after: delivery))
            try await fixture.report("1.2", from: "gw1", connection)
            #expect(try await cause() == nil)
            #expect(fixture.engine.situations(of: ["gw1"]).isEmpty)
        }
    }

    @Test("an upgrade that waits for its turn says so")
    func inLine() async throws {
        var limits = TransferLimits()
        limits.count = 1
        try await withEngine(EngineConfiguration(transferLimits: limits)) { fixture in
            try await fixture.addRelease("1.2")
            for gateway in ["gw1", "gw2"] as [GatewayID] { try await fixture.connect(gateway, reporting: "0.5") }
            try await fixture.order("1.2", .all)
            let gateways = GatewayService(store: fixture.store, engine: fixture.engine)
            let causes = try await gateways.listExplained(page: .first, as: .boss).items.map(\.explanation?.cause)
            #expect(causes.contains(.inLine) && causes.contains(.sending(since: fixture.time.now(), attempt: 1)))
        }
    }

    @Test("a page is explained with what its reader may see, and nobody explains another company's gateway")
    func pages() async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["a2", "b2"], company: "2")
            try await store.add(["c3"], company: "3")
            try await store.add(["q2"], company: "2", quarantined: true)
            let release = try await store.addRelease("1.2")
            _ = try await store.addDeployment(of: release, to: ["a2": .pending, "c3": .failed], target: .all)
            let gateways = GatewayService(store: store)
            let page = try await gateways.listExplained(page: .first, as: .adminOf2)
            #expect(
                page.items.map { $0.explanation?.cause } == [
                    .offline(since: nil, after: nil), .notOrdered(earlier: nil), .quarantined(claims: "2"),
                ])
            #expect(page.items.map(\.gateway) == (try await gateways.list(page: .first, as: .adminOf2)).items)
            for attempt in [Principal.adminOf3, .userOf2] {
                let error = await domainError { try await gateways.explanation(of: "q2", as: attempt) }
                #expect(error == .notFound(.gateway, "q2"))
            }
            // Withheld: there is no newest release any more, but what is pending is explained all the same.
            try await store.write { try $0.releases.setState(.removed, of: release.id) }
            #expect(try await gateways.explanation(of: "b2", as: .boss) == nil)
            #expect(try await gateways.explanation(of: "a2", as: .boss) != nil)
        }
    }

    @Test("the newest upgrades of a page are found by their keys alone")
    func plan() async throws {
        try await withStore { store in
            let plan = try await store.pool.read { database in
                try Row.fetchAll(
                    database, sql: "EXPLAIN QUERY PLAN \(DeploymentQueries.newestUpgrades)", arguments: ["[]"]
                ).map { $0["detail"] as String }
            }
            #expect(plan.contains { $0.hasPrefix("SEARCH gateway USING PRIMARY KEY") }, "\(plan)")
            #expect(plan.contains { $0.hasPrefix("SEARCH upgrade USING") }, "\(plan)")
            #expect(!plan.contains { $0.hasPrefix("SCAN") && !$0.contains("wanted") }, "\(plan)")
        }
    }
}
