import Foundation
import ProgramSupport
import RandomSupport
import Testing

/// What became of a start of `umd`.
enum Start {
    case ready(Program)
    /// Status 78, with the one line that says why.
    case refused(String)
    case ended(Program.Outcome)

    /// Starts it. A start that comes to no end throws.
    init(on data: String, _ arguments: [String] = ["--nossl", "--mqtt-port", "0"]) async throws {
        let program = try Program(
            "umd",
            [
                "--data", data, "--http-port", "0", "--log-level", "notice", "--event-retention",
                FormerDatabase.retention,
            ] + arguments)
        if let line = await program.nextLine(), line.hasPrefix("umd ready ") {
            self = .ready(program)
            return
        }
        let outcome = try await program.end()
        let lines = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("umd: ") }
        if outcome.status == 78, let line = lines.first, lines.count == 1 {
            self = .refused(String(line))
        } else {
            self = .ended(outcome)
        }
    }

    /// Why it was refused; nil for one that was ready and has been stopped since. Anything else is an issue.
    func refusal(_ what: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> String? {
        switch self {
        case .refused(let line): return line
        case .ready(let program):
            program.terminate()
            let outcome = try await program.end()
            #expect(outcome.status == 0, "\(what): \(outcome.errors)", sourceLocation: sourceLocation)
            return nil
        case .ended(let outcome):
            Issue.record("\(what): status \(outcome.status), \(outcome.errors)", sourceLocation: sourceLocation)
            return ""
        }
    }
}

/// A data folder with something of everything, to be copied and broken.
struct DamageSite {
    static let executable = Data("executable 1.2\n".utf8)
    static let otherExecutable = Data((0..<200_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) })

    /// As a clean stop leaves it.
    let stopped: String
    /// As `kill -9` leaves it.
    let killed: String
    private let folder: String

    init(in folder: String) async throws {
        self.folder = folder
        killed = folder + "/killed"
        stopped = folder + "/stopped"
        let data = folder + "/data"
        let daemon = try await Daemon.start(on: data)
        for (version, bytes) in [("1.2", Self.executable), ("1.3", Self.otherExecutable)] {
            let file = "\(folder)/\(version)"
            try bytes.write(to: URL(filePath: file))
            #expect(try await daemon.umctl("release", "add", version, file).status == 0)
        }
        let gateway = try await FieldGateway.known("gw1", to: daemon)
        _ = try await FieldGateway.known("gw2", company: "3", to: daemon)
        #expect(try await daemon.umctl("push", "--version", "1.2", "--gateway", "gw1").status == 0)
        _ = try await gateway.next("UPGRADE/gw1")
        try await gateway.reportStatus("1.2", qos: 1)
        try await daemon.expect("gw1", "state", is: "confirmed")
        #expect(try await daemon.umctl("gateway", "enroll", "gw2").status == 0)
        #expect(try await daemon.umctl("mqtt-account", "add", "probe", "--subscribe", "TOCLOUD/#").status == 0)
        let keeper = try await FieldGateway.connect("keeper", company: "2", to: daemon.mqttPort, cleanSession: false)
        try await keeper.subscribe("TOGATEWAY/UPGRADE/keeper")
        for number in 4...9 {
            #expect(try await daemon.umctl("company", "add", "\(number)", "Company \(number)").status == 0)
        }
        try await daemon.kill()
        try FileManager.default.removeItem(atPath: data + "/umd.sock")
        try FileManager.default.copyItem(atPath: data, toPath: killed)
        #expect(try await daemon.restarted().stop() == 0)
        try FileManager.default.moveItem(atPath: data, toPath: stopped)
    }

    /// A copy of `original` that the body may break; it is gone afterwards.
    func withCopy<Value>(of original: String, _ body: (String) async throws -> Value) async throws -> Value {
        let copy = "\(folder)/copy"
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: original, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        return try await body(copy)
    }

    /// The SHA-256 that the store names a release's file by.
    func release(_ version: String, in data: String) async throws -> String {
        let millionths = Int((Double(version) ?? 0) * 1_000_000)
        let sha256 = try await Contents.query(
            data + "/umd.sqlite3", "SELECT sha256 FROM release WHERE version = \(millionths) AND deleted_at IS NULL")
        return "\(data)/releases/\(sha256.trimmingCharacters(in: .newlines))"
    }
}

/// What is done to a file.
enum Damage: CustomStringConvertible {
    case flip(byte: Int, bit: Int)
    case cut(to: Int)
    case emptied
    case missing
    case folder

    static func flip(_ path: String, _ random: inout SeededGenerator) -> Damage {
        .flip(
            byte: Int.random(in: 0..<max(1, size(of: path)), using: &random), bit: Int.random(in: 0..<8, using: &random)
        )
    }

    static func cut(_ path: String, _ random: inout SeededGenerator) -> Damage {
        .cut(to: Int.random(in: 0..<max(1, size(of: path)), using: &random))
    }

    private static func size(of path: String) -> Int {
        (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    }

    /// Does it, in the file itself: whoever has it open sees it.
    func befall(_ path: String) throws {
        switch self {
        case .flip(let offset, let bit):
            var bytes = try Data(contentsOf: URL(filePath: path))
            guard bytes.indices.contains(offset) else { return }
            bytes[offset] ^= 1 << UInt8(bit)
            try overwrite(path, bytes)
        case .cut(let count): #expect(truncate(path, off_t(count)) == 0)
        case .emptied: #expect(truncate(path, 0) == 0)
        case .missing: try FileManager.default.removeItem(atPath: path)
        case .folder:
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }
    }

    private func overwrite(_ path: String, _ bytes: Data) throws {
        let descriptor = open(path, O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        #expect(count == bytes.count)
    }

    var description: String {
        switch self {
        case .flip(let byte, let bit): "bit \(bit) of byte \(byte) flipped"
        case .cut(let count): "cut to \(count) bytes"
        case .emptied: "emptied"
        case .missing: "removed"
        case .folder: "a folder in its place"
        }
    }
}

/// What is in an installation's database for those who use it, line by line: nothing that a start changes.
enum Contents {
    private static let queries = [
        "company": "SELECT * FROM company", "user": "SELECT * FROM user", "release": "SELECT * FROM release",
        "deployment": "SELECT * FROM deployment",
        "gateway": """
        SELECT id, company_id, claimed_company_id, seen_by_company_id, name, address, latitude, longitude, enabled, version, last_upgrade, bad_frames,
        created_at, latest_deployment_id, upgrade_state, target_version, upgrade_reason FROM gateway
        """,
        "upgrade": """
        SELECT deployment_id, gateway_id, version, state, attempts, delivered_attempts, from_version, version_at_order, created_at, sent_at, delivered_at,
        settled_at, reason, cut_offs, superseded_by FROM upgrade
        """,
        "event":
            "SELECT id, kind, actor, gateway_id, company_id, deployment_id, detail FROM event WHERE kind <> 'gatewayDisconnected'",
        "gateway_credential": "SELECT * FROM gateway_credential", "mqtt_account": "SELECT * FROM mqtt_account",
        "api_token": "SELECT * FROM api_token", "setting": "SELECT * FROM setting WHERE key = 'installation'",
    ]

    /// All tables that there are.
    static func of(_ database: String) async throws -> Set<String> {
        let tables = try await query(database, "SELECT name FROM sqlite_schema WHERE type = 'table'")
            .split(separator: "\n").map(String.init)
        let known = queries.filter { tables.contains($0.key) }
        // One program for all; each line begins with its table.
        let script = known.map { ".print \($0.key)\n\($0.value.replacing("\n", with: " "));" }.joined(
            separator: "\n")
        let outcome = try await Program.run(
            "/usr/bin/sqlite3", ["-quote", "file:\(database)?mode=ro"], input: script)
        try #require(outcome.status == 0, "\(outcome.errors)")
        var lines: Set<String> = []
        var table = ""
        for line in outcome.output.split(separator: "\n") {
            if queries[String(line)] != nil { table = String(line) } else { lines.insert("\(table): \(line)") }
        }
        return lines
    }

    static func query(_ database: String, _ query: String) async throws -> String {
        let outcome = try await Program.run("/usr/bin/sqlite3", ["file:\(database)?mode=ro", query])
        try #require(outcome.status == 0, "\(outcome.errors)")
        return outcome.output
    }
}
