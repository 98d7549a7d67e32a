import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Who may order what for whom, and on which topic it goes out.
@Suite("Engine: orders") struct OrderTests {
    /// gw1 and gw2 of company 2, gw3 of company 3, all ready.
    private func withFleet(_ body: (EngineFixture) async throws -> Void) async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", company: "2", reporting: "0.5")
            try await fixture.connect("gw2", company: "2", reporting: "0.5")
            try await fixture.connect("gw3", company: "3", reporting: "0.5")
            try await body(fixture)
        }
    }

    @Test("A super user's all goes out on the topic without an id, to the gateways that are ready for it alone")
    func all() async throws {
        try await withFleet { fixture in
            try await fixture.connect("gw4", company: "3", reporting: "0.5", subscribing: false)
            try await fixture.order("1.2", .all)
            let sent = fixture.takeUpgrades()
            #expect(Set(sent.map(\.recipient.gateway)) == ["gw1", "gw2", "gw3"])
            #expect(Set(sent.map(\.topic)) == [.toGateway(.upgrade, nil)])
            // One that is ready later, and one that joins later.
            let late = ConnectionID(rawValue: 4)
            try await fixture.tell(Topic.subscriptions(of: "gw4").map { .subscribed("gw4", late, $0) })
            #expect(fixture.takeUpgrades().map(\.topic) == [.toGateway(.upgrade, "gw4")])
            try await fixture.connect("gw5", company: "3", reporting: "0.5")
            #expect(fixture.takeUpgrades().isEmpty)
        }
    }

    @Test("When nobody is ready for all, whoever comes later gets it on the own topic")
    func allWhenNobodyIsReady() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.store.add(["gw1"], company: "2")
            try await fixture.order("1.2", .all)
            try await fixture.connect("gw1", reporting: "0.5")
            #expect(fixture.takeUpgrades().map(\.topic) == [.toGateway(.upgrade, "gw1")])
        }
    }

    @Test("A gateway that subscribed to the topic without an id alone is reached by all, by no other order")
    func formWithoutID() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5", subscribing: false)
            try await fixture.tell([.subscribed("gw1", connection, .toGateway(.upgrade, nil))])
            try await fixture.order("1.2", .gateways(["gw1"]))
            #expect(fixture.takeUpgrades().isEmpty)
            try await fixture.order("1.2", .all)
            #expect(fixture.takeUpgrades().map(\.topic) == [.toGateway(.upgrade, nil)])
        }
    }

    @Test("An administrator's all is the own company's gateways, each on its own topic")
    func allOfAdmin() async throws {
        try await withFleet { fixture in
            let order = try await fixture.order("1.2", .all, as: .adminOf2)
            let sent = fixture.takeUpgrades()
            #expect(Set(sent.map(\.topic)) == [.toGateway(.upgrade, "gw1"), .toGateway(.upgrade, "gw2")])
            let stored = try await fixture.store.read { try $0.deploymentQueries.find(order, in: .everything) }
            #expect(stored?.target == .company("2"))
        }
    }

    @Test("A company's gateways, each on its own topic")
    func company() async throws {
        try await withFleet { fixture in
            try await fixture.order("1.2", .company("3"))
            #expect(fixture.takeUpgrades().map(\.topic) == [.toGateway(.upgrade, "gw3")])
        }
    }

    @Test("One gateway that is unknown or another company's refuses the whole order, in the same words")
    func unseen() async throws {
        try await withFleet { fixture in
            let unknown = await domainError {
                try await fixture.order("1.2", .gateways(["gw1", "gw9"]), as: .adminOf2)
            }
            #expect(unknown == .notFound(.gateway, "gw9"))
            let foreign = await domainError {
                try await fixture.order("1.2", .gateways(["gw1", "gw3"]), as: .adminOf2)
            }
            #expect(foreign == .notFound(.gateway, "gw3"))
            let company = await domainError { try await fixture.order("1.2", .company("3"), as: .adminOf2) }
            #expect(company == .notFound(.company, "3"))
            #expect(fixture.takeUpgrades().isEmpty)
            let gateway = try await fixture.gateway("gw1")
            #expect(gateway?.lastUpgradeOrder == nil)
        }
    }

    @Test("An unknown version, an empty order and a role that may not are refused")
    func refused() async throws {
        try await withFleet { fixture in
            let version = await domainError { try await fixture.order("9.9", .gateways(["gw1"])) }
            #expect(version == .notFound(.release, "9.9"))
            let nobody = await domainError { try await fixture.order("1.2", .gateways([])) }
            #expect(nobody?.field == "target.gateways")
            let role = await domainError { try await fixture.order("1.2", .gateways(["gw1"]), as: .userOf2) }
            #expect(role?.isForbidden == true)
            let deployments = try await fixture.store.read {
                try $0.deploymentQueries.list(running: nil, in: .everything, PageRequest()).total
            }
            #expect(deployments == 0)
        }
    }

    @Test("A gateway that is named twice is ordered once")
    func twice() async throws {
        try await withFleet { fixture in
            try await fixture.order("1.2", .gateways(["gw1", "gw2", "gw1"]))
            #expect(fixture.takeUpgrades().count == 2)
        }
    }

    @Test("An administrator cancels what concerns the own gateways, and cannot see the rest")
    func cancel() async throws {
        try await withFleet { fixture in
            let order = try await fixture.order("1.2", .all)
            _ = try await fixture.engine.cancel(order, as: .adminOf2)
            #expect(try await fixture.upgrade("gw1", order).state == .cancelled)
            #expect(try await fixture.upgrade("gw3", order).state == .pending)
            let other = try await fixture.order("1.2", .company("3"))
            let error = await domainError { try await fixture.engine.cancel(other, as: .adminOf2) }
            #expect(error == .notFound(.deployment, "\(other)"))
        }
    }
}
