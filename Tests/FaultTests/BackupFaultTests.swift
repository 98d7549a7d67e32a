import Dispatch
import Foundation
import ProgramSupport
import RandomSupport
import Testing

extension Faults {
    /// Backups that are written while everybody works, that are cut off, and that are old.
    @Suite("Backups", .timeLimit(.minutes(60)))
    struct BackupFaultTests {
        @Test(
            "A backup under load is one moment: restored elsewhere, all that anybody was told before it began is there")
        func underLoad() async throws {
            let rounds = FaultRun.isAskedFor ? FaultRun.rounds : 1
            var number = 0
            var checked: [Promise: Int] = [:]
            var lost = 0
            try await FaultRun(fault: "backup under load", rounds: rounds).underLoad { daemon, folder in
                number += 1
                let history = try History(in: folder + "/history")
                let began = DispatchTime.now().uptimeNanoseconds
                let file = folder + "/backup"
                let report = try await daemon.json("backup", file)
                #expect(report["missing"].items.isEmpty)
                // What was asked since may be in it; what was told since need not. The broker's sessions are in no backup.
                let entries = try history.entries()
                    .filter { ($0.fact.promise == nil || $0.time < began) && !$0.fact.isOfSession }
                let elsewhere = folder + "/elsewhere-\(number)"
                let restored = try await Self.restore(file, to: elsewhere)
                try await StoredRecord.expectSoundDatabase(of: elsewhere, in: folder)
                let record = try await StoredRecord(of: elsewhere)
                let checker = HistoryChecker(entries: entries, record: record)
                let violations = checker.violations()
                #expect(violations.isEmpty, "seed \(FaultRun.seed): \(violations)")
                lost += violations.count
                for (promise, count) in checker.promises { checked[promise, default: 0] += count }
                #expect(
                    try await Self.count("upgrade WHERE reason = 'restored'", in: elsewhere)
                        == restored["cancelledUpgrades"].integer)
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: elsewhere + "/releases").count
                        == restored["releases"].integer)
                try FileManager.default.removeItem(atPath: elsewhere)
                return daemon
            }
            FaultTable.add(
                "backup under load, restored elsewhere (seed \(FaultRun.seed))", tried: rounds, checked: checked,
                lost: lost, note: "")
        }

        @Test("kill -9 of 'umctl backup': what stands under the name is a whole backup, or nothing")
        func cutOffBackup() async throws {
            try await withTwoStates { daemon, folder, random in
                let file = folder + "/backup"
                var whole = 0
                for round in 1...rounds {
                    try await Self.runAndKill(["--data", daemon.data, "backup", file], &random)
                    guard FileManager.default.fileExists(atPath: file) else { continue }
                    whole += 1
                    let elsewhere = folder + "/elsewhere-\(round)"
                    _ = try await Self.restore(file, to: elsewhere)
                    #expect(try await Self.count("company WHERE id = '77'", in: elsewhere) == 1)
                }
                // What the killed ones left is in nobody's way, and goes.
                _ = try await daemon.json("backup", file)
                let left = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
                    $0.contains(".partial")
                }
                #expect(left.isEmpty, "\(left)")
                FaultTable.add(
                    "kill -9 of umctl backup", tried: rounds, checked: whole, of: "files that stood were whole",
                    lost: 0, note: ""
                )
            }
        }

        @Test(
            "kill -9 of 'umctl restore': the old data is there, or the new, or the start is refused until a restore ends"
        )
        func cutOffRestore() async throws {
            try await withTwoStates { daemon, folder, random in
                let file = folder + "/backup"
                _ = try await daemon.json("backup", file)
                _ = try await daemon.json("company", "add", "78", "After the backup")
                #expect(try await daemon.stop() == 0)
                var (old, new, refused) = (0, 0, 0)
                for round in 1...rounds {
                    let data = folder + "/copy-\(round)"
                    try FileManager.default.copyItem(atPath: daemon.data, toPath: data)
                    try await Self.runAndKill(["--data", data, "restore", file], &random)
                    let start = try await Self.startAndStop(data)
                    if start.status == 0 {
                        let isOld = try await Self.count("company WHERE id = '78'", in: data) == 1
                        if isOld { old += 1 } else { new += 1 }
                        #expect(try await Self.count("company WHERE id = '77'", in: data) == 1)
                        let release = try await StoredRecord(of: data).releases.first
                        #expect(release?.version == 1)
                        #expect(release?.digest == StoredRecord.digest(Data("1".utf8)))
                    } else {
                        refused += 1
                        #expect(start.status == EX_CONFIG, "\(start.errors)")
                        #expect(start.errors.contains("umctl restore"), "\(start.errors)")
                        _ = try await Self.restore(file, to: data)
                        #expect(try await Self.startAndStop(data).status == 0)
                    }
                }
                FaultTable.add(
                    "kill -9 of umctl restore", tried: rounds, checked: rounds, of: "folders", lost: 0,
                    note: "old data \(old), new data \(new), start refused until another restore \(refused)")
            }
        }

        @Test(
            "Yesterday's backup: what was live is cancelled, gateways report and are shown as they are, and none is sent anything"
        )
        func yesterday() async throws {
            try await TemporaryFolder.with { folder in
                var daemon = try await Daemon.start(on: folder + "/data")
                var gateway = try await FieldGateway.known("gw1", to: daemon)
                try await FieldGateway.known("gw2", to: daemon).disconnect()
                try await daemon.drop("1.2", Data("1.2".utf8))
                _ = try await daemon.json("push", "--version", "1.2", "--gateway", "gw2")
                _ = try await daemon.json("backup", folder + "/backup")
                // A day goes by.
                try await daemon.drop("1.3", Data("1.3".utf8))
                _ = try await daemon.json("push", "--version", "1.3", "--gateway", "gw1")
                #expect(try await gateway.next("/UPGRADE/gw1").text == "1.3")
                try await gateway.reportStatus("1.3", qos: 1)
                try await daemon.expect("gw1", "state", is: "confirmed")
                #expect(try await daemon.stop() == 0)
                try FileManager.default.removeItem(atPath: daemon.data + "/resources/1.3")

                let restored = try await Self.restore(folder + "/backup", to: daemon.data)
                #expect(restored["cancelledUpgrades"].integer == 1)
                daemon = try await daemon.restarted()
                try await daemon.expect("gw1", "version", is: "0.5")
                try await daemon.expect("gw2", "state", is: "cancelled")
                try await daemon.expect("gw2", "reason", is: "restored")
                gateway = try await FieldGateway.known("gw1", version: "1.3", to: daemon)
                let second = try await FieldGateway.known("gw2", to: daemon)
                let unknown = try await FieldGateway.known("gw3", to: daemon)
                for gateway in [gateway, second, unknown] {
                    #expect(try await !gateway.receives("/UPGRADE/\(gateway.id)", within: 0.5))
                }
                try await daemon.expect("gw1", "state", is: "null")
                // An order to where the fleet was yesterday is an order all the same.
                _ = try await daemon.json("push", "--version", "1.2", "--gateway", "gw2")
                #expect(try await second.next("/UPGRADE/gw2").text == "1.2")
                #expect(try await daemon.stop() == 0)
            }
        }

        private var rounds: Int { FaultRun.isAskedFor ? FaultRun.rounds : 2 }

        /// A daemon with a company 77 and a release 1.
        private func withTwoStates(
            _ body: (Daemon, _ folder: String, inout SeededGenerator) async throws -> Void
        ) async throws {
            try await TemporaryFolder.with { folder in
                var random = SeededGenerator(seed: FaultRun.seed)
                let daemon = try await Daemon.start(on: folder + "/data")
                _ = try await daemon.json("company", "add", "77", "Before the backup")
                try await daemon.drop("1", Data("1".utf8))
                try await body(daemon, folder, &random)
                // Those that have stopped it are done with it already.
                try await daemon.kill()
            }
        }

        /// Runs `umctl` and kills it at a random moment of the time that it takes.
        private static func runAndKill(_ arguments: [String], _ random: inout SeededGenerator) async throws {
            let program = try Program("umctl", arguments)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...400, using: &random)))
            program.kill()
            _ = try await program.end()
        }

        private static func restore(_ file: String, to data: String) async throws -> JSON {
            let outcome = try await Program.run("umctl", ["--data", data, "--json", "restore", file])
            try #require(outcome.status == 0, "\(outcome.errors)")
            return JSON(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)))
        }

        private static func startAndStop(_ data: String) async throws -> Program.Outcome {
            let program = try Program(
                "umd", ["--data", data, "--nossl", "--http-port", "0", "--mqtt-port", "0", "--log-level", "warning"])
            _ = await program.nextLine()
            program.terminate()
            return try await program.end()
        }

        private static func count(_ what: String, in data: String) async throws -> Int? {
            let outcome = try await Program.run(
                "/usr/bin/sqlite3", ["file:\(data)/umd.sqlite3?mode=ro", "SELECT count(*) FROM \(what)"])
            return Int(outcome.errors.isEmpty ? outcome.output.trimmingCharacters(in: .newlines) : "")
        }
    }
}
