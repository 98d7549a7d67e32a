import Foundation
import ProgramSupport
import Testing

/// "The life of one upgrade", through the real programs.
@Suite(.serialized) struct UpgradeLifeTests {
    @Test func anOrderForAGatewayThatIsOfflineWaitsForIt() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let first = try await FieldGateway.known("gw2", to: daemon)
            try await first.disconnect()
            try await daemon.expect("gw2", "online", is: "0")
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            #expect(try await daemon.gateway("gw2")["state"].text == "pending")

            let again = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await again.begin(version: "0.5")
            #expect(try await again.next("UPGRADE/gw2").text == "1.2")
            try await again.reportStatus("1.2", qos: 1)
            try await daemon.expect("gw2", "state", is: "confirmed")
        }
    }

    @Test func aKilledDaemonGoesOnWhereItWas() async throws {
        try await TemporaryFolder.with { folder in
            var daemon = try await Daemon.start(on: folder + "/data")
            try await daemon.drop("1.2", Data("1.2".utf8))
            let before = try await FieldGateway.known("gw2", to: daemon)
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            #expect(try await before.next("UPGRADE/gw2").text == "1.2")
            try await daemon.kill()

            daemon = try await daemon.restarted()
            #expect(try await daemon.gateway("gw2")["state"].text == "pending")
            let after = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await after.begin(version: "1.2")
            try await daemon.expect("gw2", "state", is: "confirmed")
            #expect(try await daemon.stop() == 0)
        }
    }

    @Test func aGatewayThatIsThereAlreadyIsConfirmedAndSentNothing() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let gateway = try await FieldGateway.known("gw2", version: "1.2", to: daemon)
            let push = try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2", "--wait")
            #expect(push.status == 0)
            #expect(try await !gateway.receives("UPGRADE/gw2", within: 1))
        }
    }

    @Test func theOldVersionSettlesNothingAndIsNotSentTo() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            _ = try await gateway.next("UPGRADE/gw2")
            try await gateway.reportStatus("0.5", qos: 1)
            #expect(try await !gateway.receives("UPGRADE/gw2", within: 1))
            #expect(try await daemon.gateway("gw2")["state"].text == "pending")
            // The link blips while the gateway installs: it comes back with its old version, and is left in peace.
            gateway.cut()
            let again = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await again.begin(version: "0.5")
            #expect(try await !again.receives("UPGRADE/gw2", within: 1))
            try await again.reportStatus("1.2", qos: 1)
            try await daemon.expect("gw2", "state", is: "confirmed")
        }
    }

    @Test func aGatewayThatMovedOnIsNotDraggedBack() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            try await gateway.disconnect()
            try await daemon.expect("gw2", "online", is: "0")
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            let again = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await again.begin(version: "1.3")
            try await daemon.expect("gw2", "state", is: "cancelled")
            #expect(try await daemon.gateway("gw2")["reason"].text == "moved on to 1.3")
            #expect(try await !again.receives("UPGRADE/gw2", within: 1))
        }
    }

    @Test func silenceTimesOutAndALateStatusStillConfirms() async throws {
        try await Daemon.with(["--upgrade-timeout", "2s"]) { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            async let push = daemon.umctl(
                "push", "--version", "1.2", "--gateway", "gw2", "--wait", "--timeout", "30s")
            _ = try await gateway.next("UPGRADE/gw2")
            #expect(try await push.status == 1)
            #expect(try await daemon.gateway("gw2")["state"].text == "timedOut")
            try await gateway.reportStatus("1.2", qos: 1)
            try await daemon.expect("gw2", "state", is: "confirmed")
        }
    }

    @Test func aNewerOrderSupersedesAndCancellingEnds() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            try await daemon.drop("1.3", Data("1.3".utf8))
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            try await gateway.disconnect()
            let first = try await daemon.json("push", "--version", "1.2", "--gateway", "gw2")
            let second = try await daemon.json("push", "--version", "1.3", "--gateway", "gw2")
            let superseded = try await daemon.json("deployment", "show", first["id"].text)
            #expect(superseded["counts"]["cancelled"].text == "1")
            #expect(try await daemon.gateway("gw2")["targetVersion"].text == "1.3")
            #expect(try await daemon.umctl("deployment", "cancel", second["id"].text).status == 0)
            try await daemon.expect("gw2", "state", is: "cancelled")
            let again = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await again.begin(version: "0.5")
            #expect(try await !again.receives("UPGRADE/gw2", within: 1))
        }
    }

    @Test func cancellingAnUnfinishedTransferClosesTheConnection() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data(count: 64 << 20))
            let gateway = try await FieldGateway.known("gw2", to: daemon)
            let order = try await daemon.json("push", "--version", "1.2", "--gateway", "gw2")
            // The gateway does not read: the packet has begun and cannot end.
            try await gateway.awaitUnread(atLeast: 16 << 10)
            #expect(try await daemon.umctl("deployment", "cancel", order["id"].text).status == 0)
            try await daemon.expect("gw2", "online", is: "0")
            await #expect(throws: FieldGateway.Failure.connectionEnded) { try await gateway.next("UPGRADE/gw2") }
            #expect(try await daemon.gateway("gw2")["state"].text == "cancelled")
        }
    }

    @Test func eachOfManyIsConfirmedFailsOrTimesOutOnItsOwn() async throws {
        try await Daemon.with(["--upgrade-timeout", "4s"]) { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let good = try await FieldGateway.known("good", to: daemon)
            let bad = try await FieldGateway.known("bad", to: daemon)
            let silent = try await FieldGateway.known("silent", to: daemon)
            let push = try await daemon.json("push", "--version", "1.2", "--company", "2")
            for gateway in [good, bad, silent] { _ = try await gateway.next("UPGRADE/\(gateway.id)") }
            try await good.reportStatus("1.2", qos: 1)
            let failure = #"{"companyId":"2","version":0.5,"failed":"no space left","failedVersion":1.2}"#
            try await bad.publish("TOCLOUD/STATUS/bad", Data(failure.utf8), qos: 1)
            try await daemon.expect("good", "state", is: "confirmed")
            try await daemon.expect("bad", "state", is: "failed")
            #expect(try await daemon.gateway("bad")["reason"].text.contains("no space left"))
            try await daemon.expect("silent", "state", is: "timedOut")
            let counts = try await daemon.json("deployment", "show", push["id"].text)["counts"]
            #expect([counts["confirmed"].text, counts["failed"].text, counts["timedOut"].text] == ["1", "1", "1"])
        }
    }

    @Test func allReachesThoseWhoAreReadyOnTheTopicOfAll() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let first = try await FieldGateway.known("a", company: "2", to: daemon)
            let second = try await FieldGateway.known("b", company: "3", to: daemon)
            #expect(try await daemon.umctl("push", "--version", "1.2", "--all").status == 0)
            // A gateway that comes later is none of those that were known when the order was given.
            let late = try await FieldGateway.known("c", company: "3", to: daemon)
            for gateway in [first, second] {
                #expect(try await gateway.next("UPGRADE").topic == "TOGATEWAY/UPGRADE")
                try await gateway.reportStatus("1.2", qos: 1)
                try await daemon.expect(gateway.id, "state", is: "confirmed")
            }
            #expect(try await !late.receives("UPGRADE", within: 1))
            #expect(try await daemon.gateway("c")["state"].text == "null")
        }
    }
}
