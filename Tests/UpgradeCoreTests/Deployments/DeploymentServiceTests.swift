import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Deployments, as they are looked at")
struct DeploymentServiceTests {
    private struct Orders {
        var all: DeploymentID
        var foreign: DeploymentID
        var mixed: DeploymentID
    }

    /// Everything confirmed for everyone, then one pending order for company 3, then one for two companies.
    private func withOrders(_ body: (DeploymentService, Store, Orders) async throws -> Void) async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["a2", "b2"], company: "2")
            try await store.add(["c3"], company: "3")
            let release = try await store.addRelease("1.2")
            let orders = Orders(
                all: try await store.addDeployment(
                    of: release, to: ["a2": .confirmed, "b2": .failed, "c3": .confirmed], target: .all),
                foreign: try await store.addDeployment(of: release, to: ["c3": .cancelled], target: .company("3")),
                mixed: try await store.addDeployment(
                    of: release, to: ["a2": .pending, "c3": .pending], target: .gateways(["a2", "c3"])))
            try await body(DeploymentService(store: store), store, orders)
        }
    }

    @Test("newest first, each with its counts")
    func list() async throws {
        try await withOrders { deployments, _, orders in
            let page = try await deployments.list(page: .first, as: .boss)
            #expect(page.items.map(\.deployment.id) == [orders.mixed, orders.foreign, orders.all])
            #expect(page.items.map(\.counts.total) == [2, 1, 3])
            #expect(page.items[2].counts[.confirmed] == 2)
            #expect(page.items[0].deployment.target == .gateways(["a2", "c3"]))
            let running = try await deployments.list(running: true, page: .first, as: .boss)
            #expect(running.items.map(\.deployment.id) == [orders.mixed])
            let ended = try await deployments.list(running: false, page: .first, as: .boss)
            #expect(ended.items.map(\.deployment.id) == [orders.foreign, orders.all])
        }
    }

    @Test("a company sees the orders that concern it, and only its own gateways in them")
    func scope() async throws {
        try await withOrders { deployments, _, orders in
            let page = try await deployments.list(page: .first, as: .adminOf2)
            #expect(page.items.map(\.deployment.id) == [orders.mixed, orders.all])
            #expect(page.total == 2)
            #expect(page.items.map(\.counts.total) == [1, 2])
            #expect(page.items[0].deployment.target == .gateways(["a2"]))
            let upgrades = try await deployments.upgrades(of: orders.all, page: .first, as: .adminOf2)
            #expect(upgrades.items.map(\.gatewayID) == ["a2", "b2"])
            #expect(upgrades.total == 2)
            let attempts: [() async throws -> Void] = [
                { _ = try await deployments.find(orders.foreign, as: .adminOf2) },
                { _ = try await deployments.upgrades(of: orders.foreign, page: .first, as: .adminOf2) },
                { _ = try await deployments.find(DeploymentID(rawValue: 99), as: .boss) },
                { _ = try await deployments.upgrades(of: "c3" as GatewayID, page: .first, as: .adminOf2) },
            ]
            for attempt in attempts {
                let error = await domainError(attempt)
                #expect(error?.isNotFound == true)
            }
            #expect(await domainError { try await deployments.list(page: .first, as: .userOf2) }?.isForbidden == true)
            let dashboard = try await deployments.running(page: .first, as: .userOf2)
            #expect(dashboard.items.map(\.counts.total) == [1])
        }
    }

    @Test("an order for a company that has no gateway yet is that company's all the same")
    func emptyCompany() async throws {
        try await withStore { store in
            try await store.addCompanies()
            let release = try await store.addRelease("1.2")
            let order = try await store.addDeployment(of: release, to: [:], target: .company("2"))
            let deployments = DeploymentService(store: store)
            #expect(try await deployments.find(order, as: .adminOf2).counts.total == 0)
            #expect(await domainError { try await deployments.find(order, as: .adminOf3) }?.isNotFound == true)
        }
    }

    @Test("the upgrades of one deployment by state, and those of one gateway newest first")
    func upgrades() async throws {
        try await withOrders { deployments, _, orders in
            let failed = try await deployments.upgrades(of: orders.all, state: .failed, page: .first, as: .boss)
            #expect(failed.items.map(\.gatewayID) == ["b2"])
            let history = try await deployments.upgrades(of: "c3" as GatewayID, page: .first, as: .boss)
            #expect(history.items.map(\.deploymentID) == [orders.mixed, orders.foreign, orders.all])
            #expect(history.items.map(\.state) == [.pending, .cancelled, .confirmed])
        }
    }

    @Test("what was settled, by stretches of time")
    func outcomes() async throws {
        try await withOrders { deployments, _, _ in
            let start = Timestamp(milliseconds: TestClock().now.milliseconds - 10_000)
            let all = try await deployments.outcomes(from: start, stretch: 5000, count: 3, as: .boss)
            #expect(all.map(\.counts.total) == [0, 0, 4])
            #expect(all[2].counts[.failed] == 1)
            let own = try await deployments.outcomes(from: start, stretch: 5000, count: 3, as: .userOf2)
            #expect(own[2].counts.total == 2)
            #expect(
                try await deployments.outcomes(from: start, stretch: 5000, count: 2, as: .boss)[1].counts.total == 0)
        }
    }
}
