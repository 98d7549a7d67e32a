import FoundationEssentials
import GRDB
import Glibc
import UpgradeProtocol

/// Puts a backup in the place of a folder's data.
///
/// Everything is extracted and checked beside the old data first. The exchange then runs in an order in which a power cut leaves either the old
/// installation, or a marker without its database, which no start takes for a fresh folder and which another restore mends.
public struct Restore: Sendable {
    /// Why an upgrade ended that was live in a backup.
    static let reason = "restored"

    private let backup: String
    private let folder: DataFolder
    private let replacesOthers: Bool

    /// Extracted here, on the file system on which it is needed.
    private var staging: DataFolder { DataFolder(path: folder.path + "/restoring") }

    /// A restore of the file `backup` into the folder that `lock` holds; `force` lets it replace another installation's data.
    public init(from backup: String, under lock: FolderLock, force: Bool) {
        self.backup = backup
        folder = lock.folder
        replacesOthers = force
    }

    /// Does it. Blocks its thread while files are copied.
    ///
    /// - Throws: ``BackupError``, ``InstallationError``, ``StoreError``; the old data is then as it was.
    public func run(now: @escaping @Sendable () -> Timestamp = Timestamp.now) async throws -> RestoreReport {
        do {
            return try await putInPlace(now: now)
        } catch let error as FileError {
            throw BackupError.cannotWrite(path: error.path, problem: error.problem)
        }
    }

    private func putInPlace(now: @escaping @Sendable () -> Timestamp) async throws -> RestoreReport {
        let archive = try BackupArchiveReader(path: backup)
        try folder.create()
        Self.discard(staging.path)
        defer { Self.discard(staging.path) }
        try DataFolder.makeFolder(staging.releases)
        for entry in archive.entries {
            try FileBytes.write(path(of: entry.name), mode: Self.mode(of: entry.name)) { take in
                try archive.read(entry, take)
            }
        }
        let marker = try staging.readMarker()
        guard try replacesOthers || isReplaceable(by: marker) else {
            throw BackupError.otherInstallation(path: backup, folder: folder.path)
        }
        let cancelled = try await prepareDatabase(now: now)
        try DurableFiles.synchronise(staging.releases)
        try DurableFiles.synchronise(staging.path)
        return RestoreReport(
            keptIn: try exchange(at: now()), cancelledUpgrades: cancelled, releases: archive.entries.count - 2)
    }

    private func path(of name: BackupArchive.EntryName) -> String {
        switch name {
        case .marker: staging.marker
        case .database: staging.database
        case .release(let sha256): staging.releases + "/" + sha256
        }
    }

    private static func mode(of name: BackupArchive.EntryName) -> mode_t {
        if case .release = name { 0o400 } else { 0o600 }
    }

    /// Whether the folder holds nothing, or what is known to be the same installation.
    private func isReplaceable(by marker: InstallationMarker) throws -> Bool {
        do {
            switch try folder.contents() {
            case .nothing: return true
            case .halfInitialised: return false
            case .installation(let present): return present.installation == marker.installation
            }
        } catch InstallationError.databaseMissing {
            return try folder.readMarker().installation == marker.installation
        } catch InstallationError.markerDamaged {
            return false
        }
    }

    /// Looks whether the extracted database is sound, brings its tables up to date and cancels what was live in it.
    private func prepareDatabase(now: @escaping @Sendable () -> Timestamp) async throws -> Int {
        let store = try Store.open(at: staging.database, ifAbsent: .isAnError, now: now)
        let source = backup
        let cancelled = try await store.write { transaction in try transaction.cancelLiveUpgrades(restoring: source) }
        // Closing leaves the write-ahead log behind; the database is to be moved as one file.
        try await store.pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try store.close()
        return cancelled
    }

    /// Moves the old data out of the way and the new data in.
    ///
    /// - Returns: Where the old data is now.
    private func exchange(at time: Timestamp) throws -> String? {
        let old = [
            folder.database, folder.database + "-wal", folder.database + "-shm", folder.releases, folder.broker,
        ].filter(Self.holdsSomething)
        let keptIn = old.isEmpty && !Self.holdsSomething(folder.marker) ? nil : try folderToKeepIn(at: time)
        if let keptIn, Self.holdsSomething(folder.marker) {
            guard link(folder.marker, keptIn + "/installation.json") == 0 else {
                throw InstallationError.unusable(path: keptIn, problem: systemProblem())
            }
        }
        try DurableFiles.move(staging.marker, to: folder.marker)
        if let keptIn {
            for path in old { try DurableFiles.move(path, to: keptIn + path.dropFirst(folder.path.count)) }
        }
        // An empty folder gives way; a missing one need not.
        rmdir(folder.releases)
        try DurableFiles.move(staging.releases, to: folder.releases)
        try folder.create()
        try DurableFiles.move(staging.database, to: folder.database)
        return keptIn
    }

    private func folderToKeepIn(at time: Timestamp) throws -> String {
        let path = "\(folder.path)/before-restore-\(time.milliseconds)"
        guard mkdir(path, 0o700) == 0 else { throw InstallationError.unusable(path: path, problem: systemProblem()) }
        return path
    }

    /// Whether there is a file of this name, or a folder that is not empty.
    private static func holdsSomething(_ path: String) -> Bool {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard isFolder else { return true }
        return (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty != true
    }

    /// Removes what an earlier restore, or this one, has extracted. What cannot be removed is in the way of the next step, which says so.
    private static func discard(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }
}

extension Transaction {
    /// Ends every pending upgrade: what gateways have done since the backup is not known.
    fileprivate func cancelLiveUpgrades(restoring backup: String) throws -> Int {
        let reason = Restore.reason
        try database.execute(
            sql: """
                INSERT INTO event (time, kind, gateway_id, company_id, deployment_id, detail)
                SELECT ?, ?, gateway_id, company_id, deployment_id, ?
                FROM upgrade JOIN gateway ON gateway.id = gateway_id WHERE state = 'pending'
                """,
            arguments: [time.milliseconds, EventKind.upgradeCancelled.rawValue, reason])
        try database.execute(
            sql: "UPDATE upgrade SET state = 'cancelled', reason = ?, settled_at = ? WHERE state = 'pending'",
            arguments: [reason, time.milliseconds])
        let count = database.changesCount
        try append(
            EventDraft(.restored, by: Principal.operatorName, "from \(backup); \(count) live upgrades cancelled"))
        return count
    }
}
