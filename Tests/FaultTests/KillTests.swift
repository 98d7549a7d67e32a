import Foundation
import ProgramSupport
import RandomSupport
import Testing

/// The daemon is killed at random moments, over and over, while everybody works with it.
@Suite("Kill -9 of the daemon", .timeLimit(.minutes(60)))
struct KillTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// `make faults` asks for many more.
    private static let rounds = environment["FAULT_ROUNDS"].flatMap { Int($0) } ?? 5
    private static let seed = environment["FAULT_SEED"].flatMap { UInt64($0) } ?? .random(in: 0...999_999)

    @Test("Whatever anybody was told is true afterwards, and what was ordered comes to its end")
    func underLoad() async throws {
        try await TemporaryFolder.with { folder in
            var random = SeededGenerator(seed: Self.seed)
            let history = try History(in: folder + "/history")
            var daemon = try await Daemon.start(on: folder + "/data")
            let load = FaultLoad(on: daemon, gateways: 8, history: history, folder: folder, seed: Self.seed)
            async let work: Void = load.run()
            var slowest = Duration.zero
            for _ in 0..<Self.rounds {
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...2_000, using: &random)))
                try await daemon.kill()
                try await expectSoundDatabase(of: daemon.data, in: folder)
                let began = ContinuousClock.now
                daemon = try await daemon.restarted()
                slowest = max(slowest, ContinuousClock.now - began)
                load.moveOn(to: daemon)
            }
            try await Task.sleep(for: .seconds(1))
            load.stopPeople()
            let ended = try await poll(within: .seconds(60), every: .milliseconds(200)) {
                try await daemon.json("gateway", "list", "--state", "pending")["items"].items.isEmpty
            }
            #expect(ended, "upgrades are pending")
            load.stopGateways()
            try await work
            #expect(try await daemon.stop() == 0)

            let checker = HistoryChecker(
                entries: try history.entries(), record: try await StoredRecord(of: daemon.data))
            let violations = checker.violations()
            FaultTable.add(
                "kill -9 of umd under load (seed \(Self.seed))", tried: Self.rounds, checked: checker.promises,
                lost: violations.count,
                note: "ready after \(slowest.formatted(.units(allowed: [.milliseconds]))) at most")
            #expect(violations.isEmpty, "seed \(Self.seed): \(violations)")
            let missing = Set(Promise.allCases).subtracting(checker.promises.keys)
            #expect(missing.isEmpty, "nobody was promised \(missing)")
        }
    }

    /// SQLite's own check, of a copy: the daemon itself is to find what the dead one left.
    private func expectSoundDatabase(of data: String, in folder: String) async throws {
        let copy = folder + "/copy.sqlite3"
        for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: copy + suffix)
            guard FileManager.default.fileExists(atPath: "\(data)/umd.sqlite3\(suffix)") else { continue }
            try FileManager.default.copyItem(atPath: "\(data)/umd.sqlite3\(suffix)", toPath: copy + suffix)
        }
        let outcome = try await Program.run("/usr/bin/sqlite3", [copy, "PRAGMA integrity_check"])
        #expect(outcome.output == "ok\n", "\(outcome)")
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: copy + suffix) }
    }
}
