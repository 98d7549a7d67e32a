import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// What a process finds that starts after another one ended, however it ended.
@Suite("Engine: restart") struct RecoveryTests {
    @Test("Killed between push and confirmation: still pending afterwards, and completes")
    func betweenPushAndConfirmation() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.deliver(fixture.takeUpgrades())
            await fixture.restart()
            try await fixture.settle()
            #expect(try await fixture.gateway("gw1")?.online == false)
            #expect(try await fixture.upgrade("gw1", order).state == .pending)
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            #expect(fixture.takeUpgrades().isEmpty, "it may still be installing what it got")
            try await fixture.report("1.2", from: "gw1", connection)
            #expect(try await fixture.upgrade("gw1", order).state == .confirmed)
        }
    }

    @Test("Killed in mid-transfer: the attempt was cut off, and is repeated after a minute")
    func inMidTransfer() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            #expect(fixture.takeUpgrades().count == 1)
            await fixture.restart()
            try await fixture.connect("gw1", reporting: "0.5")
            #expect(fixture.takeUpgrades().isEmpty)
            try await fixture.advance(by: .seconds(60))
            #expect(fixture.takeUpgrades().count == 1)
            let upgrade = try await fixture.upgrade("gw1", order)
            #expect(upgrade.attempts == 2 && upgrade.deliveredAttempts == 0)
        }
    }

    @Test("A deadline goes on from the time that was left, not from the wall clock")
    func deadline() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.deliver(fixture.takeUpgrades())
            for _ in 0..<10 { try await fixture.advance(by: .seconds(60)) }
            await fixture.restart(after: .seconds(7 * 86400))
            try await fixture.settle()
            #expect(try await fixture.upgrade("gw1", order).state == .pending)
            try await fixture.advance(by: .seconds(299))
            #expect(try await fixture.upgrade("gw1", order).state == .pending)
            // What had passed was saved at least every minute, so that much more may be left.
            try await fixture.advance(by: .seconds(61))
            #expect(try await fixture.upgrade("gw1", order).state == .timedOut)
        }
    }

    @Test("A release that was removed while nothing ran fails its upgrades")
    func releaseRemoved() async throws {
        try await withEngine { fixture in
            let release = try await fixture.addRelease("1.2")
            try await fixture.store.add(["gw1"], company: "2")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            await fixture.stop()
            try await fixture.store.write { try $0.releases.delete(release.id, at: $0.time) }
            await fixture.restart()
            try await fixture.settle()
            #expect(try await fixture.upgrade("gw1", order).state == .failed)
        }
    }

    @Test("An engine that has stopped refuses orders instead of leaving them unanswered")
    func stopped() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            await fixture.stop()
            let error = await domainError { try await fixture.engine.order(version: "1.2", target: .all, as: .boss) }
            #expect(error == .unavailable("the upgrade engine has stopped"))
        }
    }
}
