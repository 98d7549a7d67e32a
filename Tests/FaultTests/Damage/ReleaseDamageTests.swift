import Foundation
import ProgramSupport
import RandomSupport
import Testing

extension Faults {
    /// The store's copy of a release is not what was added.
    @Suite("Damaged releases", .timeLimit(.minutes(60)))
    struct ReleaseDamageTests {
        @Test("under a running daemon: no gateway gets a byte of it, the others go on, and the right bytes heal it")
        func whileItRuns() async throws {
            try await TemporaryFolder.with { folder in
                var random = SeededGenerator(seed: FaultRun.seed)
                let daemon = try await Daemon.start(on: folder + "/data")
                for (version, bytes) in [("1.2", DamageSite.otherExecutable), ("1.1", DamageSite.executable)] {
                    let file = "\(folder)/\(version)"
                    try bytes.write(to: URL(filePath: file))
                    #expect(try await daemon.umctl("release", "add", version, file).status == 0)
                }
                let gateway = try await FieldGateway.known("gw1", to: daemon)
                // It is read for downloads once in a process, unless somebody touches it.
                try await expectDownload(by: gateway)
                let path = "\(daemon.data)/releases/\(try await daemon.json("release", "show", "1.2")["sha256"].text)"
                #expect(chmod(path, 0o600) == 0)
                let damages =
                    (0..<(FaultRun.isAskedFor ? FaultRun.rounds : 1)).map { _ in Damage.flip(path, &random) }
                    + [.cut(path, &random), .missing, .folder]
                for damage in damages {
                    try damage.befall(path)
                    #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw1").status == 0)
                    try await daemon.expect("gw1", "state", is: "failed")
                    let reason = try await daemon.gateway("gw1")["reason"].text
                    #expect(reason.contains("1.2 is damaged"), "\(damage): \(reason)")
                    try await gateway.publish("TOCLOUD/REQUEST_UPGRADE/gw1", Data(#"{"version":1.2}"#.utf8))
                    #expect(try await !gateway.receives("GRADE/gw1", within: 1), "\(damage): something was sent")
                    let doctor = try await daemon.umctl("doctor")
                    #expect(
                        doctor.status == 1 && doctor.output.contains("BROKEN   release 1.2"), "\(damage): \(doctor)")
                    // Nothing of it is in the way of another release.
                    #expect(try await daemon.umctl("push", "--version", "1.1", "--gateway", "gw1").status == 0)
                    #expect(try await gateway.next("UPGRADE/gw1").content == DamageSite.executable)
                    try await gateway.reportStatus("1.1", qos: 1)
                    try await daemon.expect("gw1", "state", is: "confirmed")
                    try await gateway.reportStatus("0.5", qos: 1)
                    // The right bytes are back, in the same file or in another one.
                    if case .folder = damage { try FileManager.default.removeItem(atPath: path) }
                    try DamageSite.otherExecutable.write(to: URL(filePath: path))
                    #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw1").status == 0)
                    #expect(try await gateway.next("UPGRADE/gw1").content == DamageSite.otherExecutable, "\(damage)")
                    try await gateway.reportStatus("1.2", qos: 1)
                    try await daemon.expect("gw1", "state", is: "confirmed")
                    try await gateway.reportStatus("0.5", qos: 1)
                }
                // And so does removing it.
                try Damage.flip(path, &random).befall(path)
                #expect(try await daemon.umctl("release", "remove", "1.2").status == 0)
                #expect(try await daemon.umctl("release", "add", "1.2", folder + "/1.2").status == 0)
                try await expectDownload(by: gateway)
                #expect(try await daemon.umctl("--quiet", "doctor").status == 0)
                #expect(try await daemon.stop() == 0)
                FaultTable.add(
                    "damage to a release under a running daemon (seed \(FaultRun.seed))", tried: damages.count + 1,
                    checked: damages.count + 1, of: "releases", lost: 0,
                    note: "nothing of it was sent, other releases were, and each was healed")
            }
        }

        @Test("before a start: it starts, names it, and sends the others")
        func beforeAStart() async throws {
            try await TemporaryFolder.with { folder in
                let site = try await DamageSite(in: folder)
                var random = SeededGenerator(seed: FaultRun.seed)
                let path = try await site.release("1.2", in: site.stopped)
                let damages =
                    FaultRun.isAskedFor
                    ? [Damage.flip(path, &random), .cut(path, &random), .emptied, .missing, .folder]
                    : [.flip(path, &random)]
                for damage in damages {
                    try await site.withCopy(of: site.stopped) { data in
                        try damage.befall(try await site.release("1.2", in: data))
                        let daemon = try await Daemon.start(on: data)
                        let gateway = try await FieldGateway.known("gw3", company: "3", to: daemon)
                        try await gateway.publish("TOCLOUD/REQUEST_UPGRADE/gw3", Data(#"{"version":1.2}"#.utf8))
                        #expect(try await !gateway.receives("DOWNLOAD_UPGRADE/gw3", within: 1), "\(damage)")
                        #expect(try await daemon.umctl("push", "--version", "1.3", "--gateway", "gw3").status == 0)
                        #expect(try await gateway.next("/UPGRADE/gw3").content == DamageSite.otherExecutable)
                        #expect(try await daemon.umctl("events").output.contains("release 1.2: "), "\(damage)")
                        #expect(try await daemon.stop() == 0)
                    }
                }
            }
        }

        private func expectDownload(by gateway: FieldGateway) async throws {
            try await gateway.publish("TOCLOUD/REQUEST_UPGRADE/\(gateway.id)", Data(#"{"version":1.2}"#.utf8))
            let message = try await gateway.next("DOWNLOAD_UPGRADE/\(gateway.id)")
            #expect(message.content == DamageSite.otherExecutable)
        }
    }
}
