import Foundation
import ProgramSupport
import Testing

/// What an operator types, and what the programs answer.
@Suite(.serialized) struct CommandLineTests {
    @Test(arguments: [
        (["push", "--version", "1.2", "--gateway", "nobody"], 1, "nobody"),
        (["push", "--version", "9.9", "--gateway", "gw2"], 1, "9.9"),
        (["push", "--version", "1.0.1", "--gateway", "gw2"], 64, "1.0.1"),
        (["push", "--version", "Infinity", "--all"], 64, "Infinity"),
        (["push", "--version", "../x", "--all"], 64, "../x"),
        (["push", "--version", "1.2"], 64, "--gateway"),
        (["gateway", "show", "nobody"], 1, "nobody"),
        (["release", "show", "7"], 1, "7"),
        (["release", "remove", "7"], 1, "7"),
        (["deployment", "show", "4711"], 1, "4711"),
        (["company", "rename", "77", "X"], 1, "77"),
    ])
    func badInputGetsOneClearLine(_ arguments: [String], _ status: Int, _ named: String) async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let gateway = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await gateway.reportStatus("0.5", qos: 1)
            let outcome = try await Program.run("umctl", ["--data", daemon.data] + arguments)
            #expect(Int(outcome.status) == status)
            #expect(outcome.errors.contains(named), "\(outcome.errors)")
            #expect(status == 64 || outcome.errorLine.split(separator: "\n").count == 1, "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
            #expect(try await daemon.json("deployment", "list")["total"].text == "0")
        }
    }

    @Test func withoutADaemonItSaysSo() async throws {
        try await TemporaryFolder.with { folder in
            let outcome = try await Program.run("umctl", ["--data", folder, "gateway", "list"])
            #expect(outcome.status == 69)
            #expect(outcome.errorLine.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
    }

    @Test func aSecondDaemonATakenPortAndADamagedDatabaseAreRefused() async throws {
        try await TemporaryFolder.with { folder in
            let daemon = try await Daemon.start(on: folder + "/data")
            let second = try await Program.run(
                "umd", ["--data", daemon.data, "--nossl", "--http-port", "0", "--mqtt-port", "0"])
            #expect(second.status == 78)
            #expect(second.output.isEmpty)

            let taken = try await Program.run(
                "umd",
                ["--data", folder + "/other", "--nossl", "--http-port", "0", "--mqtt-port", "\(daemon.mqttPort)"])
            #expect(taken.status == 78)
            #expect(taken.errors.contains("\(daemon.mqttPort)"), "\(taken.errors)")
            #expect(try await daemon.stop() == 0)

            let database = daemon.data + "/umd.sqlite3"
            for leftover in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: database + leftover) }
            let file = try FileHandle(forWritingTo: URL(filePath: database))
            try file.seek(toOffset: 0)
            try file.write(contentsOf: Data(repeating: 0x5A, count: 8192))
            try file.close()
            let damaged = try await Program.run(
                "umd", ["--data", daemon.data, "--nossl", "--http-port", "0", "--mqtt-port", "0"])
            #expect(damaged.status == 78)
            #expect(damaged.output.isEmpty)
            try FileManager.default.removeItem(atPath: database)
            let missing = try await Program.run(
                "umd", ["--data", daemon.data, "--nossl", "--http-port", "0", "--mqtt-port", "0"])
            #expect(missing.status == 78)
        }
    }

    @Test func backupWhileItRunsAndRestoreWhenItIsStopped() async throws {
        try await TemporaryFolder.with { folder in
            let daemon = try await Daemon.start(on: folder + "/data")
            try await daemon.drop("1.2", Data("1.2".utf8))
            let gateway = try await FieldGateway.connect("gw2", company: "2", to: daemon.mqttPort)
            try await gateway.reportStatus("0.5", qos: 1)
            #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw2").status == 0)
            #expect(try await daemon.umctl("backup", folder + "/backup").status == 0)
            #expect(try await daemon.umctl("restore", folder + "/backup").status == 1)
            #expect(try await daemon.umctl("gateway", "rename", "gw2", "renamed later").status == 0)
            #expect(try await daemon.stop() == 0)

            #expect(try await daemon.umctl("restore", folder + "/backup").status == 0)
            let restored = try await daemon.restarted()
            let seen = try await restored.gateway("gw2")
            #expect(seen["name"].text == "New Gateway gw2")
            #expect(seen["state"].text == "cancelled")
            #expect(seen["reason"].text == "restored")
            #expect(try await restored.json("release", "list")["items"][0]["version"].text == "1.2")
            #expect(try await restored.stop() == 0)
        }
    }

    @Test func simulatedGatewaysAreUpgraded() async throws {
        try await Daemon.with { daemon in
            try await daemon.drop("1.2", Data("1.2".utf8))
            let fleet = try Program(
                "gateway-sim",
                ["gw", "2", "--nossl", "--port", "\(daemon.mqttPort)", "--count", "100", "--delay", "1s"])
            let online = try await poll(within: .seconds(60)) {
                try await daemon.json("gateway", "list", "--online")["total"].integer == 100
            }
            #expect(online)
            let push = try await daemon.umctl("push", "--version", "1.2", "--company", "2", "--wait", "--timeout", "2m")
            #expect(push.status == 0, "\(push.errors)")
            #expect(
                try await daemon.json("gateway", "list", "--version", "1.2")["total"].integer == 100)
            fleet.terminate()
            #expect(try await fleet.end().status == 0)
        }
    }

    @Test func aFleetThatDownloadsAtOnceNeedsMemoryForOneDownload() async throws {
        try await Daemon.with { daemon in
            let size = 8 << 20
            let fleet = try Program(
                "gateway-sim", ["gw", "2", "--nossl", "--port", "\(daemon.mqttPort)", "--count", "60", "--json"])
            let online = try await poll(within: .seconds(60)) {
                try await daemon.json("gateway", "list", "--online")["total"].integer == 60
            }
            #expect(online)
            try await daemon.drop("1.2", Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }))
            var kept = 0
            while kept < 60, let line = await fleet.nextLine(within: .seconds(120)) {
                if line.contains(#""kept""#) { kept += 1 }
            }
            #expect(kept == 60)
            let status = try String(contentsOfFile: "/proc/\(fleet.processIdentifier)/status", encoding: .utf8)
            let peak = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            let kilobytes = try #require(Int(peak.filter(\.isNumber)))
            #expect(kilobytes < 20 * size / 1024, "\(peak)")
            fleet.terminate()
            #expect(try await fleet.end().status == 0)
        }
    }

    @Test func healthIsAnswered() async throws {
        try await Daemon.with { daemon in
            for path in ["healthz", "readyz", "metrics", "api/v1/gateways"] {
                let outcome = try await Program.run(
                    "/usr/bin/curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", "\(daemon.http)/\(path)"])
                #expect(outcome.output == "200", "\(path)")
            }
        }
    }
}
