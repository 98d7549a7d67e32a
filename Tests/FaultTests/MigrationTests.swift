import Foundation
import ProgramSupport
import RandomSupport
import Testing

extension Faults {
    /// A database of an earlier version is brought up to date, also when that is cut off.
    @Suite("Databases of earlier and of newer versions", .timeLimit(.minutes(60)))
    struct MigrationTests {
        private static let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
        private static let migrations = "SELECT identifier FROM grdb_migrations ORDER BY rowid"
        private static let strace = "/usr/bin/strace"

        @Test("there is one for each migration, and each becomes what a new one is, with all that was in it")
        func everyVersion() async throws {
            try await TemporaryFolder.with { folder in
                let new = folder + "/new"
                #expect(try await Start(on: new).refusal("a new folder") == nil)
                let names = try await lines(new, Self.migrations)
                let schema = try await Contents.query(new + "/umd.sqlite3", Self.schema)
                let versions = try FormerDatabase.installation.versions
                #expect(
                    versions == Array(1...names.count), "a migration was appended: keep a database of its version too")
                for version in versions {
                    let data = "\(folder)/\(version)"
                    try await FormerDatabase.installation.makeDataFolder(data, version: version)
                    #expect(try await lines(data, Self.migrations) == Array(names.prefix(version)))
                    let before = try await Contents.of(data + "/umd.sqlite3")
                    #expect(try await Start(on: data).refusal("version \(version)") == nil)
                    #expect(
                        try await Contents.query(data + "/umd.sqlite3", Self.schema) == schema,
                        "version \(version): a migration that was released has been edited")
                    #expect(try await Contents.of(data + "/umd.sqlite3") == before, "version \(version)")
                    let doctor = try await Program.run("umctl", ["--data", data, "--quiet", "doctor"])
                    #expect(!doctor.output.contains("database:"), "version \(version): \(doctor.output)")
                }
            }
        }

        @Test("the broker's too")
        func everySessionVersion() async throws {
            try await TemporaryFolder.with { folder in
                let new = folder + "/new"
                #expect(try await Start(on: new).refusal("a new folder") == nil)
                let path = "/broker/sessions.sqlite3"
                let names = try await Contents.query(new + path, Self.migrations).split(separator: "\n")
                let schema = try await Contents.query(new + path, Self.schema)
                #expect(try FormerDatabase.sessions.versions == Array(1...names.count))
                for version in try FormerDatabase.sessions.versions {
                    let data = "\(folder)/\(version)"
                    try await FormerDatabase.installation.makeDataFolder(data, version: 1)
                    try await FormerDatabase.sessions.makeDataFolder(data, version: version)
                    #expect(try await Start(on: data).refusal("sessions of version \(version)") == nil)
                    #expect(try await Contents.query(data + path, Self.schema) == schema)
                    let found = try await Contents.query(
                        data + path,
                        """
                        SELECT client, owner, expiry FROM session ORDER BY client; SELECT filter FROM subscription ORDER BY filter;
                        SELECT topic, hex(payload) FROM retained JOIN message ON message = message.id;
                        SELECT client, hex(payload), stage, packet FROM delivery JOIN session ON session = session.id
                        LEFT JOIN message ON message = message.id ORDER BY delivery.id; SELECT session, packet FROM received
                        """)
                    #expect(
                        found == """
                            keeper|account/keeper|86400000
                            probe|account/probe|
                            TOCLOUD/#
                            TOGATEWAY/#
                            TOCLOUD/STATUS/gw2|646566
                            probe|616263|0|
                            probe|646566|1|5
                            keeper|67|0|
                            keeper||2|9
                            2|11

                            """, "sessions of version \(version)")
                }
            }
        }

        @Test("kill -9 in the midst, at random moments: the next start completes it")
        func kill() async throws {
            var random = SeededGenerator(seed: FaultRun.seed)
            let clock = ContinuousClock()
            try await TemporaryFolder.with { folder in
                let whole = try await migrated(in: folder)
                let began = clock.now
                try await FormerDatabase.installation.makeDataFolder(folder + "/measured", version: 1)
                _ = try await Start(on: folder + "/measured").refusal("measured")
                let span = Int((clock.now - began) / .milliseconds(1))
                var stages: [Int: Int] = [:]
                let rounds = FaultRun.isAskedFor ? FaultRun.rounds : 3
                for round in 0..<rounds {
                    let data = "\(folder)/\(round)"
                    try await FormerDatabase.installation.makeDataFolder(data, version: 1)
                    let program = try daemon(on: data)
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...span, using: &random)))
                    program.kill()
                    _ = try await program.end()
                    stages[try await stage(of: data, in: folder), default: 0] += 1
                    try await expectCompletion(of: data, whole, "round \(round), seed \(FaultRun.seed)")
                }
                report("kill -9 in a migration, at random moments", rounds, stages)
            }
        }

        @Test(
            "kill -9 at a write of the migration: the next start completes it",
            .enabled(if: FileManager.default.isExecutableFile(atPath: MigrationTests.strace), "strace is not here"))
        func killAtWrites() async throws {
            var random = SeededGenerator(seed: FaultRun.seed)
            try await TemporaryFolder.with { folder in
                let whole = try await migrated(in: folder)
                var stages: [Int: Int] = [:]
                // Asked for: at each, until it gets through. Else at a few of the first writes, among which the migrations are.
                let writes =
                    FaultRun.isAskedFor
                    ? Array(1...2_000) : (0..<3).map { _ in Int.random(in: 1...160, using: &random) }
                var tried = 0
                for write in writes {
                    let data = "\(folder)/\(write)"
                    try? FileManager.default.removeItem(atPath: data)
                    try await FormerDatabase.installation.makeDataFolder(data, version: 1)
                    let program = try daemon(on: data, killedAtWrite: write)
                    let isReady = await program.nextLine(within: .seconds(60)) != nil
                    // The daemon itself, not the one that looks at it: that one leaves when the daemon has.
                    if isReady {
                        let owner = try String(contentsOf: URL(filePath: data + "/umd.lock"), encoding: .utf8)
                        Glibc.kill(try #require(Int32(owner.trimmingCharacters(in: .newlines))), SIGKILL)
                    }
                    _ = try await program.end()
                    tried += 1
                    stages[try await stage(of: data, in: folder), default: 0] += 1
                    try await expectCompletion(of: data, whole, "write \(write)")
                    try FileManager.default.removeItem(atPath: data)
                    if isReady, FaultRun.isAskedFor { break }
                }
                report("kill -9 in a migration, at each write", tried, stages)
            }
        }

        @Test("a database that a newer version wrote is refused, and left alone")
        func newer() async throws {
            try await TemporaryFolder.with { folder in
                for (database, path) in [
                    (FormerDatabase.installation, "/umd.sqlite3"), (.sessions, "/broker/sessions.sqlite3"),
                ] {
                    let data = "\(folder)/\(database.rawValue)"
                    try await FormerDatabase.installation.makeDataFolder(data, version: 1)
                    try await database.makeDataFolder(
                        data + "/later", version: try #require(try database.versions.last))
                    try? FileManager.default.removeItem(atPath: data + path)
                    try FileManager.default.moveItem(atPath: data + "/later" + path, toPath: data + path)
                    let outcome = try await Program.run(
                        "/usr/bin/sqlite3", [data + path, "INSERT INTO grdb_migrations VALUES ('99 of the future')"])
                    #expect(outcome.status == 0)
                    let line = try await Start(on: data).refusal("a newer version's")
                    #expect(
                        line?.contains("newer version") == true && line?.contains(path) == true,
                        "\(line ?? "it started")")
                    #expect(try await Contents.query(data + path, Self.migrations).contains("99 of the future"))
                }
            }
        }

        private func lines(_ data: String, _ query: String) async throws -> [String] {
            try await Contents.query(data + "/umd.sqlite3", query).split(separator: "\n").map(String.init)
        }

        private func daemon(on data: String, killedAtWrite number: Int? = nil) throws -> Program {
            let arguments = [
                "--data", data, "--http-port", "0", "--mqtt-port", "0", "--nossl", "--log-level", "warning",
                "--event-retention", FormerDatabase.retention,
            ]
            guard let number else { return try Program("umd", arguments) }
            return try Program(
                Self.strace,
                [
                    "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e",
                    "inject=pwrite64:signal=KILL:when=\(number)", Program.buildFolder + "/umd",
                ] + arguments)
        }

        /// What a database of the first version holds when nothing happened while it was brought up to date.
        private func migrated(in folder: String) async throws -> (contents: Set<String>, schema: String) {
            let data = folder + "/whole"
            try await FormerDatabase.installation.makeDataFolder(data, version: 1)
            #expect(try await Start(on: data).refusal("the first version") == nil)
            return (
                try await Contents.of(data + "/umd.sqlite3"),
                try await Contents.query(data + "/umd.sqlite3", Self.schema)
            )
        }

        /// How many migrations there are when a process has died, found in a copy so that the next one finds all as it was left.
        private func stage(of data: String, in folder: String) async throws -> Int {
            let copy = folder + "/copy.sqlite3"
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: copy + suffix)
                try? FileManager.default.copyItem(atPath: "\(data)/umd.sqlite3\(suffix)", toPath: copy + suffix)
            }
            let outcome = try await Program.run("/usr/bin/sqlite3", [copy, Self.migrations])
            try #require(outcome.status == 0, "\(outcome.errors)")
            return outcome.output.split(separator: "\n").count
        }

        private func expectCompletion(
            of data: String, _ whole: (contents: Set<String>, schema: String), _ what: String
        ) async throws {
            let refusal = try await Start(on: data).refusal(what)
            #expect(refusal == nil, "\(what): \(refusal ?? "")")
            let path = data + "/umd.sqlite3"
            #expect(
                try await Contents.query(path, "PRAGMA integrity_check; PRAGMA foreign_key_check") == "ok\n", "\(what)")
            #expect(try await Contents.query(path, Self.schema) == whole.schema, "\(what)")
            #expect(try await Contents.of(path) == whole.contents, "\(what)")
        }

        private func report(_ fault: String, _ tried: Int, _ stages: [Int: Int]) {
            let found = stages.sorted { $0.key < $1.key }.map { "\($0.value) after \($0.key) of the migrations" }
            FaultTable.add(
                "\(fault) (seed \(FaultRun.seed))", tried: tried, checked: tried, of: "databases whole", lost: 0,
                note: found.joined(separator: ", "))
        }
    }
}
