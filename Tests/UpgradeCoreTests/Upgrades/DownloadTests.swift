import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Flow 4: REQUEST_UPGRADE costs 60 bytes and moves megabytes.
@Suite("Engine: downloads") struct DownloadTests {
    private func request(
        _ version: Version, _ fixture: EngineFixture, _ gateway: GatewayID, _ connection: ConnectionID
    ) -> LinkEvent {
        .message(
            fixture.message(
                .requestUpgrade, UpgradeRequestMessage(version: version).encoded(), from: gateway, connection))
    }

    @Test("The executable goes to the inquirer alone; repetitions join it until it has arrived")
    func joins() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            for _ in 1...5 { try await fixture.tell([request("1.2", fixture, "gw1", connection)]) }
            let sent = fixture.takeDownloads()
            #expect(sent.map(\.topic) == [.toGateway(.downloadUpgrade, "gw1")])
            #expect(sent.first?.recipient.connection == connection && sent.first?.endsWithConnection == true)
            try await fixture.deliver(sent)
            #expect(fixture.takeDownloads().isEmpty)
            try await fixture.tell([request("1.2", fixture, "gw1", connection)])
            #expect(fixture.takeDownloads().count == 1)
            #expect(try await fixture.events(.downloadSent, of: "gw1").map(\.count) == [2])
        }
    }

    @Test("Another version waits until the one under way has arrived")
    func anotherVersion() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.1")
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.tell([request("1.1", fixture, "gw1", connection)])
            try await fixture.tell([request("1.2", fixture, "gw1", connection)])
            let first = fixture.takeDownloads()
            #expect(first.map(\.path) == ["/releases/1.1"])
            try await fixture.deliver(first)
            #expect(fixture.takeDownloads().map(\.path) == ["/releases/1.2"])
        }
    }

    @Test("A version that does not exist gets no frame, and is in the gateway's history")
    func missing() async throws {
        try await withEngine { fixture in
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            for _ in 1...2 { try await fixture.tell([request("9.9", fixture, "gw1", connection)]) }
            #expect(fixture.takeDownloads().isEmpty)
            let events = try await fixture.events(.unknownVersionRequested, of: "gw1")
            #expect(events.map(\.detail) == ["there is no release 9.9"] && events.map(\.count) == [2])
        }
    }

    @Test("A gateway that asks too often waits")
    func tokenBucket() async throws {
        let limits = DownloadLimits(burst: 2, interval: .seconds(20))
        try await withEngine(EngineConfiguration(downloadLimits: limits)) { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            for _ in 1...2 {
                try await fixture.tell([request("1.2", fixture, "gw1", connection)])
                let sent = fixture.takeDownloads()
                #expect(sent.count == 1)
                try await fixture.deliver(sent)
            }
            try await fixture.tell([request("1.2", fixture, "gw1", connection)])
            #expect(fixture.takeDownloads().isEmpty)
            try await fixture.advance(by: .seconds(20))
            #expect(fixture.takeDownloads().count == 1)
        }
    }

    @Test("It waits for the subscription, for 30 seconds")
    func waitsForSubscription() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5", subscribing: false)
            try await fixture.tell([request("1.2", fixture, "gw1", connection)])
            #expect(fixture.takeDownloads().isEmpty)
            try await fixture.tell([.subscribed("gw1", connection, .toGateway(.downloadUpgrade, "gw1"))])
            try await fixture.deliver(fixture.takeDownloads())

            let other = try await fixture.connect("gw2", reporting: "0.5", subscribing: false)
            try await fixture.tell([request("1.2", fixture, "gw2", other)])
            try await fixture.advance(by: .seconds(30))
            try await fixture.tell([.subscribed("gw2", other, .toGateway(.downloadUpgrade, "gw2"))])
            #expect(fixture.takeDownloads().isEmpty)
        }
    }

    @Test("What waits ends with the connection; what is under way may be asked for again")
    func disconnect() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.tell([request("1.2", fixture, "gw1", connection)])
            let sent = try #require(fixture.takeDownloads().first)
            try await fixture.tell([
                .transferEnded(sent.recipient.transfer, .cutOff), .disconnected("gw1", connection, reason: "lost"),
            ])
            let again = try await fixture.connect("gw1", reporting: "0.5")
            #expect(fixture.takeDownloads().isEmpty)
            try await fixture.tell([request("1.2", fixture, "gw1", again)])
            #expect(fixture.takeDownloads().count == 1)
        }
    }

    @Test("Transfers are bounded, the rest wait their turn, upgrades before downloads")
    func budget() async throws {
        let limits = TransferLimits(count: 2, patience: .seconds(10))
        try await withEngine(EngineConfiguration(transferLimits: limits)) { fixture in
            try await fixture.addRelease("1.2")
            for number in 1...6 {
                let id = GatewayID(stringLiteral: number <= 3 ? "gw\(number)" : "dl\(number)")
                let connection = try await fixture.connect(id, reporting: "0.5")
                guard number > 3 else { continue }
                try await fixture.tell([request("1.2", fixture, id, connection)])
            }
            let downloads = fixture.takeDownloads()
            #expect(downloads.count == 2)
            try await fixture.order("1.2", .gateways(["gw1", "gw2", "gw3"]))
            #expect(fixture.takeUpgrades().isEmpty)
            // A place is free when the last byte has left, though the PUBACK is yet to come.
            try await fixture.tell([.transferWritten(downloads[0].recipient.transfer)])
            #expect(fixture.takeUpgrades().count == 1 && fixture.takeDownloads().isEmpty)
            // Slow ones keep nobody waiting for longer than the patience lasts.
            try await fixture.advance(by: .seconds(10))
            #expect(fixture.takeUpgrades().count == 2)
            try await fixture.advance(by: .seconds(10))
            #expect(fixture.takeDownloads().count == 1)
        }
    }

    @Test("--egress-limit spaces transfers out")
    func egressLimit() async throws {
        // Each copy has 3 bytes: one every three seconds.
        try await withEngine(EngineConfiguration(egressLimit: 1)) { fixture in
            try await fixture.addRelease("1.2")
            for id in ["gw1", "gw2", "gw3"] as [GatewayID] { try await fixture.connect(id, reporting: "0.5") }
            try await fixture.order("1.2", .company("2"))
            #expect(fixture.takeUpgrades().count == 1)
            try await fixture.advance(by: .seconds(2))
            #expect(fixture.takeUpgrades().isEmpty)
            try await fixture.advance(by: .seconds(1))
            #expect(fixture.takeUpgrades().count == 1)
        }
    }
}
