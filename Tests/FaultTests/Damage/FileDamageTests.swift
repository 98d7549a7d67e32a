import Foundation
import ProgramSupport
import RandomSupport
import Testing

extension Faults {
    /// Small files of the data folder, and the configuration, are not what was written.
    @Suite("Damaged certificates, configuration, marker and broker state", .timeLimit(.minutes(60)))
    struct FileDamageTests {
        private static let rounds = FaultRun.isAskedFor ? FaultRun.rounds : 1
        private static let plain = ["--nossl", "--mqtt-port", "0"]
        private static let withTLS = ["--mqtts-port", "0"]

        @Test("each is refused by name, or without harm")
        func files() async throws {
            try await TemporaryFolder.with { folder in
                let site = try await DamageSite(in: folder)
                #expect(try await Start(on: site.stopped, Self.withTLS).refusal("TLS") == nil)
                let whole = try await Contents.of(site.stopped + "/umd.sqlite3")
                try await damage("installation.json", of: site.stopped, site, Self.plain, mayBeGone: true, whole)
                try await damage("tls/server.crt", of: site.stopped, site, Self.withTLS, mayBeGone: true, whole)
                try await damage("tls/server.key", of: site.stopped, site, Self.withTLS, mayBeGone: false, whole)
                try await damage("broker/sessions.sqlite3", of: site.stopped, site, Self.plain, mayBeGone: true, whole)
                try await damage(
                    "broker/sessions.sqlite3-wal", of: site.killed, site, Self.plain, mayBeGone: false, whole)
            }
        }

        @Test("the configuration file")
        func configuration() async throws {
            try await TemporaryFolder.with { folder in
                let file = folder + "/umd.json"
                let content = Data(#"{"upgradeTimeout": "15m", "newGateways": "open", "httpName": ["umd.local"]}"#.utf8)
                var random = SeededGenerator(seed: FaultRun.seed)
                let chosen = [Damage.emptied, .missing, .folder]
                var refused = 0
                for round in 0..<Self.rounds + chosen.count {
                    try content.write(to: URL(filePath: file))
                    let damage =
                        round < chosen.count
                        ? chosen[round] : round % 2 == 0 ? .cut(file, &random) : .flip(file, &random)
                    try damage.befall(file)
                    let what = "configuration, \(damage), seed \(FaultRun.seed)"
                    let line = try await Start(on: folder + "/data", Self.plain + ["--config", file]).refusal(what)
                    #expect(round >= chosen.count || line != nil, "\(what): it started")
                    // A flipped bit may make another value that is as good.
                    guard let line else { continue }
                    refused += 1
                    #expect(line.contains(file) || line.contains("configuration file"), "\(what): \(line)")
                    if case .folder = damage { try FileManager.default.removeItem(atPath: file) }
                }
                FaultTable.add(
                    "damage to the configuration file (seed \(FaultRun.seed))", tried: Self.rounds + chosen.count,
                    checked: Self.rounds + chosen.count, of: "starts", lost: 0,
                    note: "\(refused) refused, the rest another value")
            }
        }

        private func damage(
            _ name: String, of original: String, _ site: DamageSite, _ arguments: [String], mayBeGone: Bool,
            _ whole: Set<String>
        ) async throws {
            var random = SeededGenerator(seed: FaultRun.seed)
            let chosen = [Damage.emptied, .missing, .folder]
            var (refused, unharmed) = (0, 0)
            for round in 0..<Self.rounds + chosen.count {
                try await site.withCopy(of: original) { data in
                    let path = "\(data)/\(name)"
                    let damage =
                        round < chosen.count
                        ? chosen[round] : round % 2 == 0 ? .cut(path, &random) : .flip(path, &random)
                    try damage.befall(path)
                    let what = "\(name), \(damage), seed \(FaultRun.seed)"
                    let start = try await Start(on: data, arguments)
                    if case .missing = damage, mayBeGone, case .ready(let program) = start {
                        // A marker and a certificate are made anew, from what there is.
                        let said = name.hasPrefix("broker") ? "\(path) is missing" : path
                        #expect(program.errorsSoFar.contains(said), "\(what): nothing was said")
                    } else {
                        #expect(round >= chosen.count || start.isRefusal, "\(what): it started")
                    }
                    if let line = try await start.refusal(what) {
                        refused += 1
                        #expect(line.contains(name), "\(what): \(line)")
                        let doctor = try await Program.run("umctl", ["--data", data, "doctor"])
                        #expect(
                            doctor.status == 1 && doctor.output.contains(line.dropFirst(5)),
                            "\(what): \(line)\n\(doctor)")
                    } else {
                        unharmed += 1
                        #expect(try await Contents.of(data + "/umd.sqlite3").isSuperset(of: whole), "\(what)")
                    }
                }
            }
            FaultTable.add(
                "damage to \(name) (seed \(FaultRun.seed))", tried: Self.rounds + chosen.count,
                checked: Self.rounds + chosen.count, of: "starts", lost: 0,
                note: "\(refused) refused, \(unharmed) without harm")
        }
    }
}

extension Start {
    fileprivate var isRefusal: Bool {
        if case .refused = self { true } else { false }
    }
}
