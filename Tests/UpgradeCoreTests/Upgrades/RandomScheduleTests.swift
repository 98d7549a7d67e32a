import RandomSupport
import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Whatever happens in whatever order, some things hold.
@Suite("Engine: random schedules") struct RandomScheduleTests {
    /// What the test itself knows of the world outside the engine.
    private struct World {
        var random: SeededGenerator
        let gateways: [GatewayID] = ["gw1", "gw2", "gw3"]
        let versions: [Version] = ["0.5", "1.0", "1.1", "1.2"]
        /// The connection of each gateway that has one, and what was reported on it.
        var connections: [GatewayID: (id: ConnectionID, reported: Version?)] = [:]
        var underWay: [SentExecutable] = []
        /// Who was sent what on which connection.
        var sent: Set<String> = []

        mutating func pick<Element>(_ elements: [Element]) -> Element {
            elements[Int.random(in: 0..<elements.count, using: &random)]
        }
    }

    @Test(
        "One pending upgrade a gateway, no downgrade unless ordered, no state without its event, an end for everything",
        arguments: 1...12)
    func schedule(seed: UInt64) async throws {
        try await withEngine { fixture in
            var world = World(random: SeededGenerator(seed: seed))
            for version in world.versions.dropFirst() { try await fixture.addRelease(version) }
            try await fixture.store.add(world.gateways, company: "2")
            for _ in 0..<150 {
                try await step(&world, fixture)
                try await look(&world, fixture)
            }
            for sent in world.underWay { try await fixture.tell([.transferEnded(sent.recipient.transfer, .cutOff)]) }
            for (gateway, connection) in world.connections { try await fixture.disconnect(gateway, connection.id) }
            try await fixture.advance(by: .seconds(31 * 86400))
            try await look(&world, fixture)
            let pending = try await fixture.store.read { try $0.upgrades.pending().count }
            #expect(pending == 0, "every upgrade ends")
        }
    }

    private func step(_ world: inout World, _ fixture: EngineFixture) async throws {
        let gateway = world.pick(world.gateways)
        switch Int.random(in: 0..<12, using: &world.random) {
        case 0, 1:
            if let old = world.connections[gateway] { try await fixture.disconnect(gateway, old.id) }
            let version: Version? = Bool.random(using: &world.random) ? world.pick(world.versions) : nil
            let subscribing = Int.random(in: 0..<4, using: &world.random) > 0
            let connection = try await fixture.connect(gateway, reporting: version, subscribing: subscribing)
            world.connections[gateway] = (connection, version)
        case 2:
            guard let old = world.connections.removeValue(forKey: gateway) else { return }
            try await fixture.disconnect(gateway, old.id)
        case 3, 4:
            guard let connection = world.connections[gateway] else { return }
            let version = world.pick(world.versions)
            try await fixture.report(version, from: gateway, connection.id)
            world.connections[gateway]?.reported = version
        case 5, 6:
            guard let sent = world.underWay.popLast() else { return }
            let end = world.pick([.delivered, .delivered, .cutOff, .notSent] as [TransferEnd])
            try await fixture.tell([.transferEnded(sent.recipient.transfer, end)])
        case 7, 8:
            let targets: [DeploymentTarget] = [.all, .company("2"), .gateways([gateway])]
            try await fixture.order(world.pick(Array(world.versions.dropFirst())), world.pick(targets))
        case 9:
            let live = try await fixture.store.read { try $0.upgrades.pending().map(\.deploymentID) }
            guard let deployment = live.first else { return }
            _ = try await fixture.engine.cancel(deployment, as: .boss)
        case 10:
            try await fixture.advance(by: .seconds(Int.random(in: 1...1000, using: &world.random)))
        default:
            guard Int.random(in: 0..<4, using: &world.random) == 0 else { return }
            await fixture.restart()
            try await fixture.settle()
            world.connections = [:]
            world.underWay = []
        }
    }

    private func look(_ world: inout World, _ fixture: EngineFixture) async throws {
        _ = fixture.link.takeCancelled()
        let gateways = world.gateways
        let upgrades = try await fixture.store.read { snapshot in
            try gateways.flatMap {
                try snapshot.deploymentQueries.upgrades(of: $0, in: .everything, PageRequest(limit: 1000)).items
            }
        }
        for sent in fixture.takeUpgrades() {
            let gateway = sent.recipient.gateway
            world.underWay.append(sent)
            let connection = try #require(world.connections[gateway])
            #expect(connection.id == sent.recipient.connection)
            let upgrade = try #require(upgrades.first { $0.gatewayID == gateway && $0.state == .pending })
            #expect(
                world.sent.insert("\(gateway) \(upgrade.deploymentID) \(connection.id)").inserted
                    || upgrade.attempts == 1)
            let reported = try #require(connection.reported)
            #expect(reported < upgrade.version || reported == upgrade.versionAtOrder || reported == upgrade.fromVersion)
            #expect(reported == upgrade.fromVersion && upgrade.deliveredAttempts < 3)
        }
        for gateway in world.gateways {
            let mine = upgrades.filter { $0.gatewayID == gateway }
            #expect(mine.count { $0.state == .pending } <= 1)
            #expect(mine.dropFirst().allSatisfy { $0.state != .pending }, "the newest order alone is live")
        }
        try await lookAtEvents(of: upgrades, fixture)
    }

    private func lookAtEvents(of upgrades: [Upgrade], _ fixture: EngineFixture) async throws {
        let events = try await fixture.store.read {
            try $0.events.list(after: 0, in: .everything, limit: 100_000)
        }
        var kinds: [String: [EventKind]] = [:]
        for event in events {
            guard let gateway = event.gatewayID, let deployment = event.deploymentID else { continue }
            kinds["\(gateway) \(deployment)", default: []].append(event.kind)
        }
        for upgrade in upgrades {
            let mine = kinds["\(upgrade.gatewayID) \(upgrade.deploymentID)", default: []]
            #expect(mine.contains(.upgradeOrdered))
            let end: EventKind? =
                switch upgrade.state {
                case .pending: nil
                case .confirmed: .upgradeConfirmed
                case .timedOut: .upgradeTimedOut
                case .failed: .upgradeFailed
                case .cancelled: .upgradeCancelled
                }
            if let end { #expect(mine.contains(end)) }
            #expect(mine.count { $0 == .upgradeSent } >= upgrade.attempts)
            #expect(mine.count { $0 == .upgradeDelivered } == upgrade.deliveredAttempts)
        }
    }
}
