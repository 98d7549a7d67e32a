import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("Gateways: history")
struct GatewayHistoryTests {
    @Test("it tells every step of an upgrade with who ordered it, and what else happened")
    func steps() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.store.add(["gw1"], company: "2")
            let gateways = GatewayService(store: fixture.store)
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .company("2"), as: .adminOf2)
            let transfer = try #require(fixture.takeUpgrades().first).recipient.transfer
            try await fixture.tell([.transferWritten(transfer), .transferEnded(transfer, .delivered)])
            try await fixture.tell([.message(fixture.message(.status, [0x7B], from: "gw1", connection))])
            try await fixture.report("1.2", from: "gw1", connection)
            try await fixture.disconnect("gw1", connection)

            let history = try await gateways.history(of: "gw1", page: .first, as: .adminOf2).items
            #expect(
                history.map(\.event.kind) == [
                    .gatewayDisconnected, .upgradeConfirmed, .versionReported, .messageRefused, .upgradeDelivered,
                    .upgradeSent, .upgradeOrdered, .versionReported, .gatewayConnected,
                ])
            let steps = history.filter { $0.order != nil }
            #expect(
                steps.map(\.event.kind) == [.upgradeConfirmed, .upgradeDelivered, .upgradeSent, .upgradeOrdered])
            #expect(
                steps.allSatisfy { step in
                    step.order
                        == .init(
                            deployment: order, version: "1.2", createdBy: "admin2", createdAt: fixture.time.now())
                })
            let refused = try await gateways.history(
                of: "gw1", kinds: [.frameRefused, .messageRefused], page: .first, as: .boss)
            #expect(refused.total == 1 && refused.items.map(\.event.count) == [1])
            let events = try await gateways.events(of: "gw1", page: .first, as: .adminOf2).items
            #expect(events == history.map(\.event))
        }
    }

    @Test("it comes in pages, and to those who may read the events of that gateway")
    func pagesAndScope() async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["gw1"], company: "2")
            try await store.write { transaction in
                for number in 1...5 {
                    try transaction.append(
                        EventDraft(
                            .upgradeOrdered, by: "boss", gateway: "gw1", company: "2",
                            deployment: DeploymentID(rawValue: Int64(number)), "\(number)"))
                }
            }
            let gateways = GatewayService(store: store)
            let first = try await gateways.history(of: "gw1", page: PageRequest(limit: 3), as: .adminOf2)
            let second = try await gateways.history(
                of: "gw1", page: PageRequest(limit: 3, cursor: first.nextCursor), as: .adminOf2)
            #expect((first.items + second.items).map(\.event.detail) == ["5", "4", "3", "2", "1"])
            #expect(first.total == 5 && second.nextCursor == nil)
            #expect(first.items.allSatisfy { $0.order == nil }, "an order that is not there is left out")
            let foreign = await domainError { try await gateways.history(of: "gw1", page: .first, as: .adminOf3) }
            #expect(foreign == .notFound(.gateway, "gw1"))
            let user = await domainError { try await gateways.history(of: "gw1", page: .first, as: .userOf2) }
            #expect(user?.isForbidden == true)
            // What happened before it came to another company stays with the one before.
            _ = try await gateways.update("gw1", GatewayChanges(companyID: "3"), as: .boss)
            let moved = try await gateways.history(of: "gw1", page: .first, as: .adminOf3).items
            #expect(moved.map(\.event.kind) == [.gatewayMoved])
        }
    }
}
