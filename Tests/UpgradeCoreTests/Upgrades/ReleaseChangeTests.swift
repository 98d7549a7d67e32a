import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// What becomes of orders when something happens to their release.
@Suite("Engine: releases") struct ReleaseChangeTests {
    @Test(
        "While the folder's file is changed or gone nothing is sent and the upgrade stays pending; then it goes out",
        arguments: [.changed, .removed] as [Release.State])
    func withheld(state: Release.State) async throws {
        try await withEngine { fixture in
            let release = try await fixture.addRelease("1.2")
            try await fixture.setState(state, of: release)
            try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            #expect(fixture.takeUpgrades().isEmpty)
            #expect(try await fixture.upgrade("gw1", order).state == .pending)
            try await fixture.setState(.available, of: release)
            #expect(fixture.takeUpgrades().count == 1)
        }
    }

    @Test(
        "Somebody removes the release: its upgrades fail, an unfinished transfer is stopped, the version added anew is another release"
    )
    func removed() async throws {
        try await withEngine { fixture in
            let release = try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            let sent = try #require(fixture.takeUpgrades().first)
            try await fixture.remove(release)
            let upgrade = try await fixture.upgrade("gw1", order)
            #expect(upgrade.state == .failed && upgrade.reason == "release 1.2 was removed")
            #expect(fixture.link.takeCancelled() == [sent.recipient.transfer])
            try await fixture.addRelease("1.2")
            #expect(fixture.takeUpgrades().isEmpty)
        }
    }

    @Test("A release that was removed and added anew between two looks still fails the old order")
    func removedAndAdded() async throws {
        try await withEngine { fixture in
            let release = try await fixture.addRelease("1.2")
            try await fixture.store.add(["gw1"], company: "2")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.store.write { try $0.releases.delete(release.id, at: $0.time) }
            try await fixture.addRelease("1.2")
            #expect(try await fixture.upgrade("gw1", order).state == .failed)
        }
    }

    @Test("A damaged copy fails the push")
    func damaged() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            fixture.releases.damage("1.2")
            try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            let upgrade = try await fixture.upgrade("gw1", order)
            #expect(upgrade.state == .failed && upgrade.reason == "the stored copy of release 1.2 is damaged")
            #expect(fixture.takeUpgrades().isEmpty)
        }
    }

    @Test("The copy is verified once for each push, however many gateways and attempts")
    func verifiedOncePerPush() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            for id in ["gw1", "gw2", "gw3"] as [GatewayID] { try await fixture.connect(id, reporting: "0.5") }
            try await fixture.order("1.2", .company("2"))
            #expect(fixture.takeUpgrades().count == 3)
            #expect(fixture.releases.verifications == 1)
            try await fixture.order("1.2", .company("2"))
            #expect(fixture.releases.verifications == 1, "the transfers of the first order are not stopped yet")
        }
    }
}
