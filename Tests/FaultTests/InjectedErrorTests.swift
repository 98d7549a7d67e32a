import Foundation
import ProgramSupport
import RandomSupport
import Testing

extension Faults {
    /// Writing and flushing fail for a while, under load. Then the disk works again, and a little later the power fails: what was acknowledged meanwhile
    /// must not lean on what was never flushed.
    @Suite(
        "A failing disk", .timeLimit(.minutes(60)), .enabled(if: Volume.isPossible, Volume.need),
        .enabled(if: Injection.isPossible, Injection.need))
    struct InjectedErrorTests {
        struct Failure: Sendable, CustomTestStringConvertible {
            var calls: String
            var error: String
            /// What HTTP answers meanwhile.
            var status: Int
            var testDescription: String { "\(calls): \(error)" }
        }

        static let failures = [
            Failure(calls: "fsync,fdatasync", error: "EIO", status: 503),
            Failure(calls: "pwrite64", error: "EIO", status: 503),
            Failure(calls: "pwrite64", error: "ENOSPC", status: 507),
        ]

        @Test(
            "Nothing is acknowledged meanwhile, and nothing that was acknowledged is lost, whether it heals or the power fails",
            arguments: FaultRun.isAskedFor ? failures : Array(failures.prefix(1)))
        func fails(_ failure: Failure) async throws {
            let rounds = FaultRun.isAskedFor ? FaultRun.rounds : 1
            var random = SeededGenerator(seed: FaultRun.seed)
            try await Volume.with(megabytes: FaultRun.isAskedFor ? 2048 : 512) { volume in
                try await FaultRun(
                    fault: "\(failure.calls) fail with \(failure.error) under load", rounds: rounds, volume: volume
                ).underLoad { daemon, folder in
                    try await breakDown(daemon, by: failure, volume, folder, &random)
                }
            }
        }

        private func breakDown(
            _ daemon: Daemon, by failure: Failure, _ volume: Volume, _ folder: String, _ random: inout SeededGenerator
        ) async throws -> Daemon {
            let visitor = Visitor(of: daemon, in: folder)
            let injection = Injection(calls: failure.calls, answer: "error=\(failure.error)")
            try await injection.during(daemon.processIdentifier) {
                for _ in 0..<5 {
                    let status = try await Self.write(visitor)
                    #expect(status == failure.status)
                }
                #expect(try await daemon.logs("The database takes nothing"))
                #expect(try await visitor.get("/").status == 200)
            }
            #expect(daemon.logSoFar.count { $0 == "\n" } <= 10, "the log says too much: \(daemon.logSoFar)")
            // Either at once, or when a little has been acknowledged since.
            if Bool.random(using: &random) {
                #expect(try await poll { try await Self.write(visitor) == 200 }, "it does not heal")
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...1000, using: &random)))
            }
            try volume.cutPower()
            try await daemon.kill()
            try volume.restorePower()
            try await StoredRecord.expectSoundDatabase(of: daemon.data, in: folder)
            return try await daemon.restarted()
        }

        /// Writes what no checker looks at, and gives back what HTTP answered.
        private static func write(_ visitor: Visitor) async throws -> Int {
            try await visitor.send("PATCH", "/api/v1/me", json: #"{"name": "The Operator"}"#).status
        }
    }
}
