import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite("The change feed")
struct ChangeFeedTests {
    @Test("each listener learns what it may see, and nothing of what it may not")
    func scope() async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["a2"], company: "2")
            try await store.add(["c3"], company: "3")
            try await store.add(["q2"], company: "2", quarantined: true)
            var boss = try store.changes.subscribe(as: .boss).makeAsyncIterator()
            var admin = try store.changes.subscribe(as: .adminOf2).makeAsyncIterator()
            var user = try store.changes.subscribe(as: .userOf2).makeAsyncIterator()
            try await store.write { transaction in
                for id in ["a2", "c3", "q2"] as [GatewayID] {
                    guard let gateway = try transaction.gateways.find(id, in: .everything) else { continue }
                    transaction.changes.add(gateway)
                    try transaction.append(EventDraft(.gatewayEnabled, gateway: id, company: gateway.companyID, "x"))
                }
                try transaction.append(EventDraft(.userCreated, company: "2", "anna"))
                transaction.changes.add(deployment: DeploymentID(rawValue: 1), company: "2")
                transaction.changes.add(deployment: DeploymentID(rawValue: 2), company: "3")
                transaction.changes.add(release: "1.2", announced: true)
            }
            let all = try #require(await boss.next())
            #expect(Set(all.gateways.map(\.id)) == ["a2", "c3", "q2"])
            #expect(all.events.count == 4)
            #expect(all.deployments.count == 2)
            let own = try #require(await admin.next())
            #expect(Set(own.gateways.map(\.id)) == ["a2", "q2"])
            #expect(own.events.map(\.detail) == ["x", "anna"])
            #expect(own.deployments.map(\.id) == [DeploymentID(rawValue: 1)])
            let dashboard = try #require(await user.next())
            #expect(dashboard.gateways.map(\.id) == ["a2"])
            #expect(dashboard.events.map(\.kind) == [.gatewayEnabled])
            #expect(dashboard.announcedReleases == ["1.2"] && dashboard.changedReleases == ["1.2"])
        }
    }

    @Test("a gateway that changed hands is announced to both companies")
    func moving() async throws {
        try await withStore { store in
            try await store.addCompanies()
            try await store.add(["a2"], company: "2")
            var former = try store.changes.subscribe(as: .adminOf2).makeAsyncIterator()
            var present = try store.changes.subscribe(as: .adminOf3).makeAsyncIterator()
            _ = try await GatewayService(store: store).update("a2", GatewayChanges(companyID: "3"), as: .boss)
            #expect(await former.next()?.gateways.map(\.id) == ["a2"])
            #expect(await present.next()?.gateways.map(\.id) == ["a2"])
        }
    }

    @Test("a listener that does not keep up costs bounded memory, and is told that there was more")
    func lag() async throws {
        try await withStore { store in
            var slow = try store.changes.subscribe(as: .boss).makeAsyncIterator()
            for _ in 0..<3 {
                try await store.write { transaction in
                    for number in 0..<1000 {
                        try transaction.append(EventDraft(.userChanged, company: "2", "\(number)"))
                    }
                }
            }
            let changes = try #require(await slow.next())
            #expect(changes.isIncomplete)
            #expect(changes.events.count == 2000)
            #expect(changes.events.last?.detail == "999", "the latest are kept")
            try await store.write { _ = try $0.append(EventDraft(.userChanged, company: "2", "later")) }
            let later = try #require(await slow.next())
            #expect(!later.isIncomplete)
            #expect(later.events.map(\.detail) == ["later"])
        }
    }

    @Test("a subscription ends with the store, and when its task is cancelled")
    func ending() async throws {
        try await withTemporaryFolder { folder in
            let store = try Store.open(at: folder + "/umd.sqlite3", ifAbsent: .creates)
            let subscription = try store.changes.subscribe(as: .boss)
            let listener = Task { for await _ in subscription {} }
            let cancelled = try store.changes.subscribe(as: .boss)
            let other = Task { for await _ in cancelled {} }
            other.cancel()
            await other.value
            try store.close()
            await listener.value
        }
    }
}
