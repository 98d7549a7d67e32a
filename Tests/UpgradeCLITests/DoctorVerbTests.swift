import Foundation
import Logging
import Testing
import UpgradeCore
import UpgradeProtocol

/// What `umctl doctor` says of the states that bad days leave.
@Suite struct DoctorVerbTests {
    private func withInstallation(_ body: (String) async throws -> Void) async throws {
        try await withTemporaryFolder { path in
            let data = path + "/data"
            #expect(await umctl("init", data: data).status == 0)
            try await body(data)
        }
    }

    @Test func `a healthy installation has findings, none of them broken`() async throws {
        try await withInstallation { data in
            let run = await umctl("doctor", "--json", data: data)
            #expect(run.status == 0)
            let findings = try JSONDecoder().decode([Diagnosis.Finding].self, from: Data(run.output.utf8))
            for subject in ["data folder", "disk", "marker", "database", "releases", "descriptors", "clock", "daemon"] {
                #expect(findings.contains { $0.subject == subject }, "\(subject)")
            }
            #expect(!findings.contains { $0.state == .broken })
        }
    }

    @Test func `a release that is missing, shortened or altered`() async throws {
        try await withInstallation { data in
            let file = data + "/new-release"
            try Data("executable 1.2".utf8).write(to: URL(filePath: file))
            let installation = try await Installation.open(DataFolder(path: data))
            let store = ReleaseStore(
                store: installation.store, copies: data + "/releases", watchedFolder: data + "/resources",
                logger: Logger(label: "test"))
            let incoming = try store.makeIncoming()
            try Array("executable 1.2".utf8).withUnsafeBytes { try incoming.write($0.bytes) }
            let release = try await store.add(Version("1.2"), incoming, as: .operator)
            try installation.store.close()
            let path = "\(data)/releases/\(release.sha256)"
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)

            #expect(await umctl("doctor", data: data).output.contains("releases: 1, all copies intact"))
            try Data("executable 1.3".utf8).write(to: URL(filePath: path))
            let altered = await umctl("doctor", data: data)
            #expect(altered.status == 1 && altered.output.contains("\(path) is damaged: its SHA-256"))
            #expect(altered.output.contains("umctl release remove 1.2"))
            try Data("exec".utf8).write(to: URL(filePath: path))
            #expect(await umctl("doctor", data: data).output.contains("\(path) has 4 bytes, not 14"))
            try FileManager.default.removeItem(atPath: path)
            let missing = await umctl("doctor", data: data)
            #expect(missing.status == 1 && missing.output.contains("cannot read \(path)"))
        }
    }

    @Test func `rights that keep the owner from a file, and a folder that others may look into`() async throws {
        try await withInstallation { data in
            try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: data + "/umd.sqlite3")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: data)
            let run = await umctl("doctor", data: data)
            #expect(run.status == 1)
            #expect(run.output.contains("BROKEN   rights: \(data)/umd.sqlite3 has the mode 400"))
            #expect(run.output.contains("chmod u+rw \(data)/umd.sqlite3"))
            #expect(run.output.contains("warning  data folder: others may look into \(data)"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away"))
    func `a file of another user`() async throws {
        try await withInstallation { data in
            #expect(chown(data + "/umd.sqlite3", 12_345, 12_345) == 0)
            let run = await umctl("doctor", data: data)
            #expect(run.status == 1)
            #expect(run.output.contains("belongs to the user 12345, the data folder to 0; mend it with 'chown 0"))
        }
    }

    @Test func `what uploads, restores and daemons left that were cut off`() async throws {
        try await withInstallation { data in
            #expect(await umctl("backup", data + "/../backup", data: data).status == 0)
            #expect(await umctl("restore", data + "/../backup", data: data).status == 0)
            try Data(count: 100).write(to: URL(filePath: data + "/releases/.incoming-1"))
            try FileManager.default.createDirectory(
                atPath: data + "/restoring", withIntermediateDirectories: false)
            try Data(count: 1000).write(to: URL(filePath: data + "/restoring/umd.sqlite3"))
            let spare = String(repeating: "0", count: 64)
            try Data(count: 10).write(to: URL(filePath: data + "/releases/" + spare))
            try Data().write(to: URL(filePath: data + "/umd.sock"))
            let run = await umctl("doctor", data: data)
            #expect(run.status == 0)
            #expect(run.output.contains("/releases/.incoming-1 with 100 bytes, of uploads that were cut off"))
            #expect(run.output.contains("/restoring with 1000 bytes, of a restore that was cut off"))
            #expect(run.output.contains("the data of before a restore"))
            #expect(run.output.contains("no release needs \(data)/releases/\(spare) with 10 bytes"))
            #expect(run.output.contains("(\(data)/umd.sock is left of one that died; the next replaces it)"))
        }
    }

    @Test func `upgrades that a restore cancelled`() async throws {
        try await withInstallation { data in
            let installation = try await Installation.open(DataFolder(path: data))
            try installation.store.close()
            let outcome = try sqlite(
                data,
                """
                INSERT INTO gateway (id, company_id, seen_by_company_id, name, created_at, upgrade_state, upgrade_reason)
                VALUES ('gw1', '1', '1', 'Roof', 0, 'cancelled', 'restored')
                """)
            #expect(outcome == 0)
            let run = await umctl("doctor", data: data)
            #expect(
                run.status == 0 && run.output.contains("those of 1 gateways were cancelled when a backup was restored"))
        }
    }

    @Test func `a database of a newer version, and one that is damaged`() async throws {
        try await withInstallation { data in
            #expect(try sqlite(data, "INSERT INTO grdb_migrations VALUES ('99 of the future')") == 0)
            let newer = await umctl("doctor", data: data)
            #expect(
                newer.status == 1
                    && newer.output.contains(
                        "BROKEN   database: the database \(data)/umd.sqlite3 was written by a newer version")
            )
            try Data(repeating: 0x5A, count: 8192).write(to: URL(filePath: data + "/umd.sqlite3"))
            let damaged = await umctl("doctor", data: data)
            #expect(damaged.status == 1 && damaged.output.contains("is damaged (file is not a database)"))
        }
    }

    @Test func `a configuration file`() async throws {
        try await withInstallation { data in
            let file = data + "/umd.json"
            for (content, words) in [
                (#"{"httpPort": 5001}"#, "ok       configuration: \(file)"),
                (#"{"httpPrt": 5001}"#, "has the unknown key 'httpPrt'; known keys are "),
                ("{", "is not a JSON object"),
            ] {
                try Data(content.utf8).write(to: URL(filePath: file))
                #expect(await umctl("doctor", "--config", file, data: data).output.contains(words))
            }
            try FileManager.default.removeItem(atPath: file)
            let gone = await umctl("doctor", data: data, environment: ["UM_CONFIG": file])
            #expect(gone.status == 1 && gone.output.contains("the configuration file \(file) cannot be read"))
        }
    }

    @Test func `sessions that are gone`() async throws {
        try await withInstallation { data in
            try Data("used\n".utf8).write(to: URL(filePath: data + "/broker/lock"))
            let run = await umctl("doctor", data: data)
            #expect(run.output.contains("warning  MQTT sessions: \(data)/broker/sessions.sqlite3 is missing"))
        }
    }

    @Test func `a clock that cannot be right, or is before what has happened`() async throws {
        try await withInstallation { data in
            for (milliseconds, state, words) in [
                (Int64(0), Diagnosis.Finding.State.broken, "1970-01-01T00:00:00Z, which cannot be"),
                (5_000_000_000_000, .broken, "which cannot be"),
                (1_735_700_000_000, .warning, "one of them is wrong"),
            ] {
                let findings = await Diagnosis(
                    of: DataFolder(path: data), now: Timestamp(milliseconds: milliseconds)
                ).findings()
                let clock = try #require(findings.first { $0.subject == "clock" })
                #expect(clock.state == state && clock.detail.contains(words), "\(clock)")
            }
        }
    }

    private func sqlite(_ data: String, _ statement: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/sqlite3")
        process.arguments = [data + "/umd.sqlite3", statement]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
