import Foundation
import GRDB
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite struct BackupTests {
    @Test func `a backup has what is needed, is for its owner alone, and leaves nothing beside it`() async throws {
        try await withFleet { fleet in
            let report = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            #expect(report.releases == 1)
            #expect(report.missing.isEmpty)
            let attributes = try FileManager.default.attributesOfItem(atPath: fleet.backup)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(attributes[.size] as? Int == Int(report.size))
            let beside = try FileManager.default.contentsOfDirectory(atPath: fleet.path).filter {
                $0.hasPrefix("backup")
            }
            #expect(beside == ["backup"])
        }
    }

    @Test func `restoring brings back database, marker and releases, and keeps what was there`() async throws {
        try await withFleet { fleet in
            let credential = try await GatewayCredentials(store: fleet.store).enroll("gw1", as: .boss)
            let account = try await MQTTAccountService(store: fleet.store)
                .add(name: "monitor", publish: [], subscribe: ["TOCLOUD/#"], as: .boss)
            _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            try await fleet.store.add(["later"], company: "2")
            _ = try await GatewayCredentials(store: fleet.store).enroll("later", as: .boss)
            try fleet.store.close()
            try Data("session".utf8).write(to: URL(filePath: fleet.folder.broker + "/session"))
            try FileManager.default.removeItem(atPath: fleet.folder.releases + "/" + fleet.digest)

            let report = try await restore(fleet)
            #expect(report.releases == 1)
            let installation = try await Installation.open(fleet.folder)
            let gateways = try await installation.store.read {
                try $0.gateways.count(GatewayFilter(), in: .everything)
            }
            #expect(gateways == 2)
            let credentials = try await GatewayCredentials(store: installation.store).all()
            #expect(credentials == ["gw1": StoredCredential(digest: credential.digest, byCertificate: false)])
            let accounts = try await MQTTAccountService(store: installation.store).all()
            #expect(accounts == [StoredMQTTAccount(account: account.account, digest: account.digest)])
            try installation.store.close()
            let executable = try Data(contentsOf: URL(filePath: fleet.folder.releases + "/" + fleet.digest))
            #expect(executable == fleet.executable)
            #expect(try FileManager.default.contentsOfDirectory(atPath: fleet.folder.broker).isEmpty)

            let kept = DataFolder(path: try #require(report.keptIn))
            #expect(FileManager.default.fileExists(atPath: kept.broker + "/session"))
            let old = try await Installation.open(kept)
            let later = try await old.store.read { try $0.gateways.find("later", in: .everything) }
            #expect(later != nil)
            try old.store.close()
        }
    }

    @Test func `live upgrades are cancelled by a restore, and the log says so`() async throws {
        try await withFleet { fleet in
            let release = try await fleet.store.read { try #require(try $0.releases.find("1.2" as Version)) }
            let gateways: [GatewayID: UpgradeState] = [
                "gw1": .pending, "gw2": .confirmed,
            ]
            _ = try await fleet.store.addDeployment(of: release, to: gateways, target: .all)
            _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            try fleet.store.close()

            let report = try await restore(fleet)
            #expect(report.cancelledUpgrades == 1)
            let installation = try await Installation.open(fleet.folder)
            let gateway = try await installation.store.read { try $0.gateways.find("gw1", in: .everything) }
            #expect(gateway?.lastUpgradeOrder?.state == .cancelled)
            #expect(gateway?.lastUpgradeOrder?.reason == "restored")
            let events = try await EventService(store: installation.store)
                .list(EventFilter(), page: PageRequest(), as: .operator).items
            #expect(events.first?.kind == .restored)
            #expect(events.contains { $0.kind == .upgradeCancelled && $0.detail == "restored" })
            try installation.store.close()
        }
    }

    @Test func `a restore into an empty folder keeps nothing`() async throws {
        try await withFleet { fleet in
            _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            let other = DataFolder(path: fleet.path + "/other")
            try other.create()
            let report = try await Restore(from: fleet.backup, under: FolderLock(other), force: false).run()
            #expect(report.keptIn == nil)
            try await Installation.open(other).store.close()
        }
    }

    @Test func `another installation's data is replaced only by force`() async throws {
        try await withFleet { fleet in
            _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            let other = DataFolder(path: fleet.path + "/other")
            let before = try await initialise(other)
            try before.store.close()
            await #expect(throws: BackupError.otherInstallation(path: fleet.backup, folder: other.path)) {
                try await Restore(from: fleet.backup, under: FolderLock(other), force: false).run()
            }
            #expect(try other.contents() == .installation(before.marker))
            _ = try await Restore(from: fleet.backup, under: FolderLock(other), force: true).run()
            #expect(try other.contents() == .installation(fleet.marker))
        }
    }

    @Test func `a lost database is mended by its own backup, without force`() async throws {
        try await withFleet { fleet in
            _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            try fleet.store.close()
            for name in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: fleet.folder.database + name)
            }
            _ = try await restore(fleet)
            try await Installation.open(fleet.folder).store.close()
        }
    }

    @Test func `a backup that was cut off anywhere is refused, and nothing has changed`() async throws {
        try await withFleet { fleet in
            _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            try fleet.store.close()
            let whole = try Data(contentsOf: URL(filePath: fleet.backup))
            for share in 0..<16 {
                try whole.prefix(whole.count * share / 16 + share).write(to: URL(filePath: fleet.backup))
                try await expectRefusal(of: fleet)
            }
        }
    }

    @Test func `a byte that was altered in any entry is found`() async throws {
        try await withFleet { fleet in
            for entry in ["installation.json", "umd.sqlite3", "releases/" + fleet.digest] {
                _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
                let queue = try DatabaseQueue(path: fleet.backup)
                try await queue.write { database in
                    try database.execute(
                        sql:
                            "UPDATE piece SET bytes = CAST(x'FF' || substr(bytes, 2) AS BLOB) WHERE entry = ? AND number = 0",
                        arguments: [entry])
                }
                try queue.close()
                try await expectRefusal(of: fleet)
            }
        }
    }

    @Test(arguments: ["../evil", "releases/../../evil", "releases/ABC", "/etc/passwd", "other"])
    func `an entry with a name of somebody else's is refused`(name: String) async throws {
        try await withFleet { fleet in
            _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            let queue = try DatabaseQueue(path: fleet.backup)
            try await queue.write { database in
                try database.execute(
                    sql: "INSERT INTO entry (name, size, sha256) VALUES (?, 0, ?)",
                    arguments: [name, String(repeating: "0", count: 64)])
            }
            try queue.close()
            try await expectRefusal(of: fleet)
        }
    }

    @Test func `what is no backup is called so`() async throws {
        try await withFleet { fleet in
            try Data("root:x:0:0".utf8).write(to: URL(filePath: fleet.backup))
            await #expect(throws: BackupError.notABackup(path: fleet.backup)) { try await restore(fleet) }
            await #expect(throws: BackupError.notABackup(path: fleet.folder.database)) {
                try await Restore(from: fleet.folder.database, under: FolderLock(fleet.folder), force: false).run()
            }
            await #expect(throws: BackupError.unreadable(path: "/nowhere", problem: "there is no such file")) {
                try await Restore(from: "/nowhere", under: FolderLock(fleet.folder), force: false).run()
            }
        }
    }

    @Test func `a damaged or lost executable is named and left out`() async throws {
        try await withFleet { fleet in
            let copy = fleet.folder.releases + "/" + fleet.digest
            try FileManager.default.removeItem(atPath: copy)
            #expect(try fleet.store.backUp(fleet.folder, to: fleet.backup).missing == [fleet.digest])
            try Data("other bytes".utf8).write(to: URL(filePath: copy))
            let report = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            #expect(report.missing == [fleet.digest])
            #expect(report.releases == 0)
        }
    }

    @Test func `a backup that cannot be written leaves the older one`() async throws {
        try await withFleet { fleet in
            _ = try fleet.store.backUp(fleet.folder, to: fleet.backup)
            #expect(throws: BackupError.self) {
                try fleet.store.backUp(fleet.folder, to: fleet.path + "/no-such-folder/backup")
            }
            #expect(FileManager.default.fileExists(atPath: fleet.backup))
        }
    }

    private func restore(_ fleet: Fleet) async throws -> RestoreReport {
        try await Restore(from: fleet.backup, under: FolderLock(fleet.folder), force: false).run()
    }

    private func expectRefusal(of fleet: Fleet) async throws {
        let before = try FileManager.default.contentsOfDirectory(atPath: fleet.folder.path).sorted()
        let database = try Data(contentsOf: URL(filePath: fleet.folder.database))
        await #expect(throws: BackupError.self) { try await restore(fleet) }
        let after = try FileManager.default.contentsOfDirectory(atPath: fleet.folder.path).sorted()
        #expect(after.filter { $0 != "umd.lock" } == before.filter { $0 != "umd.lock" })
        #expect(try Data(contentsOf: URL(filePath: fleet.folder.database)) == database)
    }
}

/// An installation with two gateways and a release whose executable spans several pieces of a backup.
private struct Fleet {
    var path: String
    var folder: DataFolder
    var store: Store
    var marker: InstallationMarker
    var executable: Data
    var digest: String

    var backup: String { path + "/backup" }
}

private func withFleet(_ body: (Fleet) async throws -> Void) async throws {
    try await withTemporaryFolder { path in
        let folder = DataFolder(path: path + "/data")
        let installation = try await initialise(folder)
        let store = installation.store
        _ = try await Bootstrap(store: store, hasher: PasswordHasher()).addSampleCompanies()
        try await store.add(["gw1", "gw2"], company: "2")
        let executable = Data((0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let digest = try SHA256.digest(of: Array(executable)).hexadecimal
        try executable.write(to: URL(filePath: folder.releases + "/" + digest))
        _ = try await store.write { transaction in
            try transaction.releases.insert(
                version: "1.2", sha256: digest, size: Int64(executable.count), crc32: 0, addedBy: nil,
                origin: .upload, at: transaction.time)
        }
        try await body(
            Fleet(
                path: path, folder: folder, store: store, marker: installation.marker, executable: executable,
                digest: digest))
        try? store.close()
    }
}
