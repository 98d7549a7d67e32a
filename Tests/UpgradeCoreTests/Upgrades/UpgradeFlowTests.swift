import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// "The life of one upgrade", as a link sees it.
@Suite("Engine: the life of one upgrade") struct UpgradeFlowTests {
    @Test("It is sent once, confirmed by the target, and every step has its event")
    func straightThrough() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            let sent = try #require(fixture.takeUpgrades().first)
            #expect(sent.topic == .toGateway(.upgrade, "gw1") && sent.endsWithConnection)
            #expect(sent.recipient.connection == connection && sent.path == "/releases/1.2")
            try await fixture.tell([
                .transferWritten(sent.recipient.transfer), .transferEnded(sent.recipient.transfer, .delivered),
            ])
            #expect(try await fixture.upgrade("gw1", order).state == .pending)
            try await fixture.report("0.5", from: "gw1", connection)
            try await fixture.report("1.2", from: "gw1", connection)
            let upgrade = try await fixture.upgrade("gw1", order)
            #expect(upgrade.state == .confirmed && upgrade.attempts == 1 && upgrade.deliveredAttempts == 1)
            #expect(upgrade.sentAt != nil && upgrade.deliveredAt != nil && upgrade.settledAt != nil)
            #expect(try await fixture.gateway("gw1")?.lastUpgradeOrder?.state == .confirmed)
            #expect(fixture.takeUpgrades().isEmpty)
            for kind in [.upgradeOrdered, .upgradeSent, .upgradeDelivered, .upgradeConfirmed] as [EventKind] {
                #expect(try await fixture.events(kind, of: "gw1").count == 1, "\(kind)")
            }
        }
    }

    @Test("It waits for STATUS and for the subscription, in whatever order they come, without limit")
    func waitsForBoth() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.store.add(["gw1"], company: "2")
            try await fixture.order("1.2", .gateways(["gw1"]))
            let first = try await fixture.connect("gw1", reporting: "0.5", subscribing: false)
            try await fixture.advance(by: .seconds(86400))
            #expect(fixture.takeUpgrades().isEmpty)
            try await fixture.tell([.subscribed("gw1", first, .toGateway(.upgrade, "gw1"))])
            let sent = try #require(fixture.takeUpgrades().first)
            try await fixture.tell([
                .transferEnded(sent.recipient.transfer, .cutOff), .disconnected("gw1", first, reason: "lost"),
            ])
            try await fixture.advance(by: .seconds(60))

            let second = try await fixture.connect("gw1")
            #expect(fixture.takeUpgrades().isEmpty)
            try await fixture.report("0.5", from: "gw1", second)
            #expect(fixture.takeUpgrades().count == 1)
        }
    }

    @Test("A gateway already on the target is confirmed at once and sent nothing")
    func alreadyThere() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", reporting: "1.2")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            #expect(try await fixture.upgrade("gw1", order).state == .confirmed)
            #expect(fixture.takeUpgrades().isEmpty)
        }
    }

    @Test("A link that blips during the installation causes no second send before a third of the timeout")
    func blip() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            var connection = try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.deliver(fixture.takeUpgrades())
            try await fixture.advance(by: .seconds(10))
            try await fixture.disconnect("gw1", connection)
            connection = try await fixture.connect("gw1", reporting: "0.5")
            #expect(fixture.takeUpgrades().isEmpty)
            try await fixture.advance(by: .seconds(289))
            #expect(fixture.takeUpgrades().isEmpty)
            try await fixture.advance(by: .seconds(1))
            #expect(fixture.takeUpgrades().count == 1, "it is still there, and still reports what it had")
            try await fixture.report("1.2", from: "gw1", connection)
            #expect(try await fixture.upgrade("gw1", order).state == .confirmed)
        }
    }

    @Test("The alarm wakes the engine when a deadline is due, though nothing happens")
    func alarm() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.deliver(fixture.takeUpgrades())
            let changes = fixture.store.changes.subscribeToEverything()
            fixture.time.advance(by: .seconds(900))
            for await _ in changes { break }
            #expect(try await fixture.upgrade("gw1", order).state == .timedOut)
        }
    }

    @Test(
        "Three delivered attempts and no confirmation end as failed, one or two as timedOut; a late report confirms",
        arguments: 1...3)
    func deadlines(count: Int) async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.store.add(["gw1"], company: "2")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            var connection = ConnectionID(rawValue: 0)
            for _ in 0..<count {
                connection = try await fixture.connect("gw1", reporting: "0.5")
                let sent = fixture.takeUpgrades()
                #expect(sent.count == 1)
                try await fixture.deliver(sent)
                try await fixture.disconnect("gw1", connection)
                try await fixture.advance(by: .seconds(300))
            }
            connection = try await fixture.connect("gw1", reporting: "0.5")
            if count == 3 { #expect(fixture.takeUpgrades().isEmpty) }
            try await fixture.disconnect("gw1", connection)
            try await fixture.advance(by: .seconds(1200))
            #expect(try await fixture.upgrade("gw1", order).state == (count == 3 ? .failed : .timedOut))
            try await fixture.connect("gw1", reporting: "1.2")
            #expect(try await fixture.upgrade("gw1", order).state == .confirmed)
        }
    }

    @Test("A late report does not confirm when a newer order exists")
    func lateButSuperseded() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.1")
            try await fixture.addRelease("1.2")
            try await fixture.store.add(["gw1"], company: "2")
            let first = try await fixture.order("1.1", .gateways(["gw1"]))
            try await fixture.advance(by: .seconds(31 * 86400))
            #expect(try await fixture.upgrade("gw1", first).state == .timedOut)
            let second = try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.connect("gw1", reporting: "1.1")
            #expect(try await fixture.upgrade("gw1", first).state == .timedOut)
            #expect(try await fixture.upgrade("gw1", second).state == .pending)
        }
    }

    @Test("A gateway that moved on by itself is not dragged back")
    func movedOn() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.disconnect("gw1", connection)
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.connect("gw1", reporting: "1.3")
            let upgrade = try await fixture.upgrade("gw1", order)
            #expect(upgrade.state == .cancelled && upgrade.reason == "moved on to 1.3")
            #expect(fixture.takeUpgrades().isEmpty)
        }
    }

    @Test("STATUS says that the installation failed")
    func reportedFailure() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.deliver(fixture.takeUpgrades())
            try await fixture.report("0.5", from: "gw1", connection, failed: "flash full", failedVersion: "1.2")
            let upgrade = try await fixture.upgrade("gw1", order)
            #expect(upgrade.state == .failed && upgrade.reason == "flash full")
        }
    }

    @Test("A cancel in mid-transfer stops it, and a later report does not confirm")
    func cancelInMidTransfer() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            let sent = try #require(fixture.takeUpgrades().first)
            _ = try await fixture.engine.cancel(order, as: .boss)
            #expect(fixture.link.takeCancelled() == [sent.recipient.transfer])
            try await fixture.tell([.transferEnded(sent.recipient.transfer, .cutOff)])
            try await fixture.report("1.2", from: "gw1", connection)
            let upgrade = try await fixture.upgrade("gw1", order)
            #expect(upgrade.state == .cancelled && upgrade.reason == "cancelled by boss")
        }
    }

    @Test("A cancel after the last byte has left closes no connection")
    func cancelAfterTransfer() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            let sent = try #require(fixture.takeUpgrades().first)
            try await fixture.tell([.transferWritten(sent.recipient.transfer)])
            _ = try await fixture.engine.cancel(order, as: .boss)
            #expect(fixture.link.takeCancelled().isEmpty)
        }
    }

    @Test("A newer order supersedes: the old transfer is stopped, the new one goes to the next connection")
    func supersede() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.1")
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let first = try await fixture.order("1.1", .gateways(["gw1"]))
            let sent = try #require(fixture.takeUpgrades().first)
            let second = try await fixture.order("1.2", .gateways(["gw1"]))
            let old = try await fixture.upgrade("gw1", first)
            #expect(old.state == .cancelled && old.reason == "superseded by \(second)" && old.supersededBy == second)
            #expect(fixture.link.takeCancelled() == [sent.recipient.transfer])
            #expect(fixture.takeUpgrades().isEmpty)
            try await fixture.tell([
                .transferEnded(sent.recipient.transfer, .cutOff), .disconnected("gw1", connection, reason: "cancelled"),
            ])
            try await fixture.connect("gw1", reporting: "0.5")
            #expect(fixture.takeUpgrades().map(\.path) == ["/releases/1.2"])
        }
    }

    @Test("A newer order after delivery is sent on the same connection")
    func supersedeAfterDelivery() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.1")
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.order("1.1", .gateways(["gw1"]))
            try await fixture.deliver(fixture.takeUpgrades())
            try await fixture.order("1.2", .gateways(["gw1"]))
            #expect(fixture.takeUpgrades().map(\.recipient.connection) == [connection])
        }
    }

    @Test("A disabled gateway is sent nothing; once enabled, what is pending goes out")
    func disabled() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.setEnabled(false, "gw1")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            #expect(fixture.takeUpgrades().isEmpty)
            #expect(try await fixture.upgrade("gw1", order).state == .pending)
            try await fixture.setEnabled(true, "gw1")
            #expect(fixture.takeUpgrades().count == 1)
        }
    }

    @Test("A gateway that is removed takes its upgrade with it")
    func removed() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5", subscribing: false)
            try await fixture.order("1.2", .gateways(["gw1"]))
            try await fixture.store.write { try $0.gateways.delete("gw1") }
            fixture.engine.gatewaysChanged(["gw1"])
            try await fixture.settle()
            #expect(fixture.link.takeClosed() == [connection])
            try await fixture.advance(by: .seconds(31 * 86400))
            try await fixture.connect("gw1", reporting: "0.5")
            #expect(fixture.takeUpgrades().isEmpty)
        }
    }

    @Test("What was acknowledged before the upgrade ended and after is both recorded")
    func deliveredAfterConfirmation() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            let order = try await fixture.order("1.2", .gateways(["gw1"]))
            let sent = fixture.takeUpgrades()
            try await fixture.report("1.2", from: "gw1", connection)
            try await fixture.deliver(sent)
            let upgrade = try await fixture.upgrade("gw1", order)
            #expect(upgrade.state == .confirmed && upgrade.deliveredAttempts == 1 && upgrade.deliveredAt != nil)
        }
    }
}

extension EngineFixture {
    /// The link delivers what was handed over to it.
    func deliver(_ sent: [SentExecutable]) async throws {
        try await tell(
            sent.flatMap {
                [.transferWritten($0.recipient.transfer), .transferEnded($0.recipient.transfer, .delivered)]
            })
    }
}
