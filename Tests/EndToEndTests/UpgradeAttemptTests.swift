import Foundation
import ProgramSupport
import Testing

/// When an upgrade is sent again, and when it is not sent at all.
@Suite(.serialized) struct UpgradeAttemptTests {
    @Test func threeDeliveriesThatChangeNothingFail() async throws {
        try await Daemon.with(["--upgrade-timeout", "3s"]) { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            var gateway = try await FieldGateway.known("gw2", to: daemon)
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            for _ in 1...3 {
                #expect(try await gateway.next("UPGRADE/gw2").text == "1.2")
                gateway.cut()
                gateway = try await FieldGateway.known("gw2", to: daemon)
            }
            try await daemon.expect("gw2", "state", is: "failed")
            #expect(try await daemon.gateway("gw2")["reason"].text.contains("delivered 3 times"))
            #expect(try await !gateway.receives("UPGRADE/gw2", within: 1))
            try await gateway.reportStatus("1.2", qos: 1)
            try await daemon.expect("gw2", "state", is: "confirmed")
        }
    }

    @Test func aTransferThatADaemonsDeathCutsOffIsNotDelivered() async throws {
        try await TemporaryFolder.with { folder in
            var daemon = try await Daemon.start(on: folder + "/data")
            try await daemon.drop("1.2", Data(count: 64 << 20))
            let before = try await FieldGateway.known("gw2", to: daemon)
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            // The gateway does not read: the packet has begun and cannot end.
            let first = daemon
            #expect(try await poll { try await kinds(of: "gw2", first).contains("upgradeSent") })
            try await daemon.kill()
            await #expect(throws: FieldGateway.Failure.self) { try await before.next("UPGRADE/gw2") }

            daemon = try await daemon.restarted()
            let seen = try await kinds(of: "gw2", daemon)
            #expect(seen.contains("upgradeCutOff"))
            #expect(!seen.contains("upgradeDelivered"))
            #expect(try await daemon.gateway("gw2")["state"].text == "pending")
            // The next attempt is due in a minute; a gateway that has the version all the same confirms before.
            let after = try await FieldGateway.known("gw2", to: daemon)
            #expect(try await !after.receives("UPGRADE/gw2", within: 1))
            try await after.reportStatus("1.2", qos: 1)
            try await daemon.expect("gw2", "state", is: "confirmed")
            #expect(try await daemon.stop() == 0)
        }
    }

    @Test func aSessionThatIsResumedIsSentNothingBeforeItsStatus() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let first = try await FieldGateway.connect(
                "gw2", company: "2", to: daemon.mqttPort, cleanSession: false)
            try await first.begin(version: "0.5")
            try await daemon.expect("gw2", "version", is: "0.5")
            try await first.disconnect()
            try await daemon.expect("gw2", "online", is: "0")
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)

            let again = try await FieldGateway.connect(
                "gw2", company: "2", to: daemon.mqttPort, cleanSession: false)
            #expect(try await !again.receives("UPGRADE/gw2", within: 1))
            // Its subscriptions stand.
            try await again.reportStatus("0.5", qos: 1)
            #expect(try await again.next("UPGRADE/gw2", acknowledging: false).text == "1.2")
            again.cut()
            // What was in flight ended with its connection.
            let last = try await FieldGateway.connect(
                "gw2", company: "2", to: daemon.mqttPort, cleanSession: false)
            #expect(try await !last.receives("UPGRADE/gw2", within: 1))
        }
    }

    @Test func aReleaseWhoseFileWasChangedWaitsForItsBytes() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("old".utf8))
            let first = try await FieldGateway.known("gw2", to: daemon)
            try await first.disconnect()
            try await daemon.expect("gw2", "online", is: "0")
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            try await daemon.drop("1.2", Data("new".utf8))
            #expect(try await poll { try await daemon.json("release", "show", "1.2")["state"].text == "changed" })

            let again = try await FieldGateway.known("gw2", to: daemon)
            #expect(try await !again.receives("UPGRADE/gw2", within: 1))
            #expect(try await daemon.gateway("gw2")["state"].text == "pending")
            try await daemon.drop("1.2", Data("old".utf8))
            #expect(try await again.next("UPGRADE/gw2").text == "old")
        }
    }

    @Test func aRemovedReleaseAndADamagedCopyFail() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            try await daemon.drop("1.3", Data("1.3".utf8))
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            let digest = try await daemon.json("release", "show", "1.3")["sha256"].text
            try Data("1.4".utf8).write(to: URL(filePath: "\(daemon.data)/releases/\(digest)"), options: .atomic)
            #expect(try await daemon.umctl("push", "--version", "1.3", "--gateway", "gw2").status == 0)
            try await daemon.expect("gw2", "state", is: "failed")
            #expect(try await daemon.gateway("gw2")["reason"].text.contains("damaged"))
            #expect(try await !gateway.receives("UPGRADE/gw2", within: 1))

            try await gateway.disconnect()
            try await daemon.expect("gw2", "online", is: "0")
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            #expect(try await daemon.umctl("release", "remove", "1.2").status == 0)
            try await daemon.expect("gw2", "state", is: "failed")
            #expect(try await daemon.gateway("gw2")["reason"].text.contains("removed"))
        }
    }

    private func kinds(of gateway: String, _ daemon: Daemon) async throws -> [String] {
        try await daemon.json("events", "--gateway", gateway)["items"].items.map { $0["kind"].text }
    }
}
