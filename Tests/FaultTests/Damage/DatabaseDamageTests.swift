import Foundation
import ProgramSupport
import RandomSupport
import Testing

extension Faults {
    /// Bytes of the database and of its write-ahead log change, or are gone.
    @Suite("Damaged databases", .timeLimit(.minutes(60)))
    struct DatabaseDamageTests {
        private static let rounds = FaultRun.isAskedFor ? FaultRun.rounds : 4

        @Test("the database: refused by name, or whole, or different in the one row that was hit")
        func database() async throws {
            try await TemporaryFolder.with { folder in
                let site = try await DamageSite(in: folder)
                let whole = try await Contents.of(site.stopped + "/umd.sqlite3")
                var random = SeededGenerator(seed: FaultRun.seed)
                var (refused, unharmed, changed) = (0, 0, 0)
                let chosen = [Damage.emptied, .missing, .folder]
                for round in 0..<Self.rounds + chosen.count {
                    try await site.withCopy(of: site.stopped) { data in
                        let path = data + "/umd.sqlite3"
                        let damage =
                            round < chosen.count
                            ? chosen[round] : round % 4 == 3 ? .cut(path, &random) : .flip(path, &random)
                        try damage.befall(path)
                        let what = "database, \(damage), seed \(FaultRun.seed)"
                        if let line = try await Start(on: data).refusal(what) {
                            refused += 1
                            #expect(line.contains(path) && line.contains("umctl restore FILE"), "\(what): \(line)")
                            // Before the daemon is started too, and by the same words.
                            let doctor = try await Program.run("umctl", ["--data", data, "doctor"])
                            #expect(
                                doctor.status == 1 && doctor.output.contains(line.dropFirst(5)), "\(what): \(doctor)")
                            return
                        }
                        #expect(round >= chosen.count, "\(what): it started")
                        let found = try await Contents.of(path)
                        let (gone, new) = (whole.subtracting(found), found.subtracting(whole))
                        if gone.isEmpty { unharmed += 1 } else { changed += 1 }
                        #expect(gone.count <= 1 && new.count <= 1, "\(what): \(gone) became \(new)")
                    }
                }
                FaultTable.add(
                    "damage to the database (seed \(FaultRun.seed))", tried: Self.rounds + chosen.count,
                    checked: Self.rounds + chosen.count, of: "starts", lost: 0,
                    note: "\(refused) refused, \(unharmed) without harm, \(changed) with one other value")
            }
        }

        @Test("its log after kill -9: refused by name, or nothing is missing")
        func log() async throws {
            try await TemporaryFolder.with { folder in
                let site = try await DamageSite(in: folder)
                let whole = try await wholeContents(site)
                var random = SeededGenerator(seed: FaultRun.seed)
                var (refused, unharmed) = (0, 0)
                let chosen = [Damage.emptied, .missing, .folder]
                for round in 0..<Self.rounds + chosen.count {
                    try await site.withCopy(of: site.killed) { data in
                        let path = data + "/umd.sqlite3-wal"
                        let damage =
                            round < chosen.count
                            ? chosen[round] : round % 4 == 3 ? .cut(path, &random) : .flip(path, &random)
                        try damage.befall(path)
                        let what = "log, \(damage), seed \(FaultRun.seed)"
                        let doctor = try await Program.run("umctl", ["--data", data, "doctor"])
                        if let line = try await Start(on: data).refusal(what) {
                            refused += 1
                            #expect(line.contains(path) && line.contains("umctl restore FILE"), "\(what): \(line)")
                            #expect(
                                doctor.status == 1 && doctor.output.contains(line.dropFirst(5)), "\(what): \(doctor)")
                            return
                        }
                        unharmed += 1
                        #expect(round >= chosen.count, "\(what): it started")
                        #expect(try await Contents.of(data + "/umd.sqlite3").isSuperset(of: whole), "\(what)")
                    }
                }
                FaultTable.add(
                    "damage to its log after kill -9 (seed \(FaultRun.seed))", tried: Self.rounds + chosen.count,
                    checked: Self.rounds + chosen.count, of: "starts", lost: 0,
                    note: "\(refused) refused, \(unharmed) without harm")
            }
        }

        /// What was there when the daemon was killed.
        private func wholeContents(_ site: DamageSite) async throws -> Set<String> {
            try await site.withCopy(of: site.killed) { data in
                _ = try await Start(on: data).refusal("nothing")
                return try await Contents.of(data + "/umd.sqlite3")
            }
        }
    }
}
