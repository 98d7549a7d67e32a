import Foundation
import ProgramSupport
import Testing

/// Databases as each released version of the tables left them: text that is kept for ever.
enum FormerDatabase: String {
    case installation
    case sessions

    /// Long enough that none of the events in them is too old.
    static let retention = "36500d"

    /// The version of each, from the first on.
    var versions: [Int] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder)
                .compactMap { $0.hasSuffix(".sql") ? Int($0.dropLast(4)) : nil }.sorted()
        }
    }

    private var folder: String { "\(Bundle.module.resourcePath ?? "")/Schemas/\(rawValue)" }

    /// Makes a data folder with the database of that version in it, as a clean stop leaves it.
    func makeDataFolder(_ data: String, version: Int) async throws {
        for path in [data, data + "/broker", data + "/releases"] {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        let script = try String(contentsOf: URL(filePath: "\(folder)/\(version).sql"), encoding: .utf8)
        switch self {
        case .installation:
            try await make(data + "/umd.sqlite3", script)
            try Data(
                """
                {"createdAt":"2016-06-15T14:13:20Z","format":1,"installation":"0123456789abcdef0123456789abcdef"}

                """.utf8
            ).write(to: URL(filePath: data + "/installation.json"))
            let release = try await Contents.query(
                data + "/umd.sqlite3", "SELECT sha256 FROM release WHERE deleted_at IS NULL")
            try DamageSite.executable.write(
                to: URL(filePath: "\(data)/releases/\(release.trimmingCharacters(in: .newlines))"))
        case .sessions:
            try await make(data + "/broker/sessions.sqlite3", script)
        }
    }

    private func make(_ path: String, _ script: String) async throws {
        let outcome = try await Program.run("/usr/bin/sqlite3", ["-bail", path], input: script)
        try #require(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
    }
}
