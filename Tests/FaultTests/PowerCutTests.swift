import Foundation
import ProgramSupport
import RandomSupport
import Testing

extension Faults {
    /// The power fails at random moments under load, and with it goes whatever was not flushed.
    @Suite("A power cut", .timeLimit(.minutes(60)), .enabled(if: Volume.isPossible, Volume.need))
    struct PowerCutTests {
        @Test("Whatever anybody was told is true afterwards, and what was ordered comes to its end")
        func underLoad() async throws {
            let rounds = FaultRun.isAskedFor ? FaultRun.rounds : 1
            var random = SeededGenerator(seed: FaultRun.seed)
            try await Volume.with(megabytes: FaultRun.isAskedFor ? 2048 : 512) { volume in
                let blackouts = Blackouts()
                try await FaultRun(
                    fault: "power cut under load", rounds: rounds, blackouts: blackouts, volume: volume
                )
                .underLoad { daemon, folder in
                    let pause = Duration.milliseconds(Int.random(in: 0...300, using: &random))
                    func cut(_ body: () async throws -> Void) async throws {
                        try await body()
                        try await Task.sleep(for: pause)
                        try await daemon.kill()
                        try volume.restorePower()
                    }
                    if Bool.random(using: &random) {
                        // Between two flushes. Whoever still runs finds that nothing works, and may promise nothing.
                        try await cut {
                            try await daemon.pause()
                            try volume.cutPower()
                            daemon.resume()
                        }
                    } else {
                        // In the midst of them: what is flushed may be there in part.
                        try await blackouts.during { try await cut { try volume.cutPower() } }
                    }
                    try await StoredRecord.expectSoundDatabase(of: daemon.data, in: folder)
                    return try await daemon.restarted()
                }
            }
        }

        @Test("What the broker acknowledged for a client that is away is delivered")
        func sessions() async throws {
            let rounds = FaultRun.isAskedFor ? FaultRun.rounds : 1
            try await Volume.with { volume in
                var random = SeededGenerator(seed: FaultRun.seed)
                var daemon = try await Daemon.start(on: volume.folder + "/data")
                let publications = try await NumberedPublications(at: daemon)
                var seen: [Int] = []
                for _ in 0..<rounds {
                    for _ in 0..<Int.random(in: 1...20, using: &random) { _ = try await publications.publish() }
                    try volume.cutPower()
                    // Nothing of it can be kept, and so nobody may be told that it was.
                    let late = Task { try await publications.publish() }
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
                    try await daemon.kill()
                    #expect(try await !late.value)
                    try volume.restorePower()
                    daemon = try await daemon.restarted()
                    publications.moveOn(to: daemon)
                    seen += try await publications.read()
                }
                let lost = publications.acknowledged.subtracting(seen)
                #expect(lost.isEmpty, "seed \(FaultRun.seed)")
                FaultTable.add(
                    "power cut of the broker's sessions (seed \(FaultRun.seed))", tried: rounds,
                    checked: publications.acknowledged.count, of: "publications", lost: lost.count, note: "")
                #expect(try await daemon.stop() == 0)
            }
        }

        @Test("Were flushing a lie, a power cut would show it", .enabled(if: Injection.isPossible, Injection.need))
        func lie() async throws {
            try await Volume.with { volume in
                var daemon = try await Daemon.start(on: volume.folder + "/data")
                let publications = try await NumberedPublications(at: daemon)
                try await Injection(calls: "fsync,fdatasync", answer: "retval=0").during(daemon.processIdentifier) {
                    for number in 1...3 {
                        #expect(try await publications.publish())
                        _ = try await daemon.json("company", "add", "\(100 + number)", "Company")
                    }
                    try volume.cutPower()
                    try await daemon.kill()
                }
                try volume.restorePower()
                daemon = try await daemon.restarted()
                publications.moveOn(to: daemon)
                #expect(try await publications.read().isEmpty)
                #expect(try await daemon.json("company", "list")["total"].integer == 1)
                #expect(try await daemon.stop() == 0)
            }
        }

        /// What lies in a log may be there for whoever reads it and not on the disk, if flushing it failed: nothing may be added behind it.
        @Test("What a killed daemon left in its databases' logs is in the databases before the next one is ready")
        func logsWrittenAnew() async throws {
            try await TemporaryFolder.with { folder in
                var daemon = try await Daemon.start(on: folder + "/data")
                let publications = try await NumberedPublications(at: daemon)
                #expect(try await publications.publish())
                _ = try await daemon.json("company", "add", "101", "Company")
                try await daemon.kill()
                daemon = try await daemon.restarted()
                for (file, query) in [
                    ("umd.sqlite3", "SELECT count(*) FROM company WHERE id = '101'"),
                    ("broker/sessions.sqlite3", "SELECT count(*) FROM message"),
                ] {
                    let copy = folder + "/copy"
                    try FileManager.default.copyItem(atPath: "\(daemon.data)/\(file)", toPath: copy)
                    let outcome = try await Program.run("/usr/bin/sqlite3", [copy, query])
                    #expect(outcome.output == "1\n", "\(file): \(outcome)")
                    try FileManager.default.removeItem(atPath: copy)
                }
                #expect(try await daemon.stop() == 0)
            }
        }
    }
}
