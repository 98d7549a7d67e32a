import Foundation
import ProgramSupport
import Testing

extension Faults {
    @Suite("Few descriptors and little memory", .timeLimit(.minutes(15)))
    struct LimitFaultTests {
        private static let strangers = 200
        /// A deployment's list has at most a thousand on a page.
        private static let fleet = FaultRun.isAskedFor ? 1_000 : 150
        private static let releaseSize = 16 << 20

        @Test("64 descriptors: strangers wait, who is in is served, and there is room again once they have gone")
        func descriptors() async throws {
            try await Daemon.with(limitedBy: "-n 64") { daemon in
                let known = try await FieldGateway.known("gw2", to: daemon)
                let strangers = try Strangers(Self.strangers, to: daemon.mqttPort)
                let waits = try await poll {
                    try await daemon.metrics().contains(/\nupgrade_manager_mqtt_accept_pauses_total [1-9]/)
                }
                #expect(waits)
                try await daemon.drop("1.5", Data("1.5".utf8))
                #expect(try await daemon.umctl("push", "--version", "1.5", "--gateway", "gw2").status == 0)
                #expect(try await known.next("/UPGRADE/gw2").text == "1.5")
                try await known.reportStatus("1.5", qos: 1)
                try await daemon.expect("gw2", "state", is: "confirmed")
                strangers.leave()
                _ = try await FieldGateway.known("gw3", to: daemon)
                FaultTable.add(
                    "64 descriptors, \(Self.strangers) strangers", tried: 1, checked: 2,
                    of: "gateways served", lost: 0, note: "")
            }
        }

        @Test(
            "1 GiB of address space: a fleet is sent 16 MiB each, and senders of more than fits in do not bring it down"
        )
        func memory() async throws {
            try await Daemon.with(limitedBy: "-v 1048576") { daemon in
                let simulator = try Program(
                    "gateway-sim",
                    [
                        "gw", "2", "--nossl", "--port", "\(daemon.mqttPort)", "--count", "\(Self.fleet)", "--delay",
                        "0s",
                    ])
                let isThere = try await poll(within: .seconds(60), every: .milliseconds(200)) {
                    try await daemon.json("gateway", "list", "--online")["total"].integer == Self.fleet
                }
                #expect(isThere)
                try Data(count: Self.releaseSize)
                    .write(to: URL(filePath: "\(daemon.data)/resources/9.5"), options: .atomic)
                #expect(try await poll { try await daemon.umctl("release", "show", "9.5").status == 0 })
                let deployment = try await daemon.json("push", "--version", "9.5", "--all")["id"].text
                let visitor = Visitor(of: daemon, in: daemon.data)
                var delivered = 0
                _ = try await poll(within: .seconds(300), every: .milliseconds(500)) {
                    delivered = try await visitor.get("/api/v1/deployments/\(deployment)/gateways?limit=1000")
                        .json["items"].items.count { $0["deliveredAt"].text != "null" }
                    return delivered == Self.fleet
                }
                #expect(delivered == Self.fleet)
                simulator.terminate()
                _ = try await simulator.end()

                // Each begins a message of the largest size that is read at all, and does not go on.
                var hogs: [FieldGateway] = []
                for number in 1...400 {
                    let hog = try await FieldGateway.connect("hog\(number)", company: "2", to: daemon.mqttPort)
                    hog.beginToPublish("TOCLOUD/STATUS/hog\(number)", announcing: 2_000_000, sending: 1_900_000)
                    hogs.append(hog)
                }
                let known = try await FieldGateway.known("gw-1", to: daemon)
                try await known.reportStatus("0.5", qos: 1)
                for hog in hogs { hog.cut() }
                let peak = try String(contentsOfFile: "/proc/\(daemon.processIdentifier)/status", encoding: .utf8)
                    .firstMatch(of: /VmPeak:\s*(\d+) kB/)?.1
                FaultTable.add(
                    "1 GiB of address space, \(Self.fleet) gateways", tried: 1, checked: delivered,
                    of: "deliveries of 16 MiB", lost: Self.fleet - delivered, note: "at most \(peak ?? "?") KiB mapped")
            }
        }

        @Test("A broker that has no memory for a message ends that connection, and serves the others")
        func largeMessages() async throws {
            let program = try Program(
                "/bin/sh",
                ["-c", "ulimit -v 450000 && exec \"$0\" --port 0 --loops 2", Program.buildFolder + "/embedded-broker"])
            let port = try #require(await program.nextLine()?.split(separator: ":").last.flatMap { UInt16($0) })
            try await TemporaryFolder.with { folder in
                try Data(count: 250 << 20).write(to: URL(filePath: folder + "/large"))
                let large = try await Program.run(
                    "/usr/bin/mosquitto_pub",
                    ["-p", "\(port)", "-V", "5", "-q", "1", "-t", "large", "-f", folder + "/large"])
                #expect(large.status != 0)
            }
            let small = try await Program.run(
                "/usr/bin/mosquitto_pub", ["-p", "\(port)", "-q", "1", "-t", "small", "-m", "still here"])
            #expect(small.status == 0, "\(small.errors)")
            program.terminate()
            let outcome = try await program.end()
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }
}
