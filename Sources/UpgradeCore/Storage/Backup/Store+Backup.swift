import GRDB
import Glibc

/// What a backup holds.
public struct BackupReport: Codable, Equatable, Sendable {
    /// Where it is.
    public let path: String
    /// Its length in bytes.
    public let size: Int64
    /// How many executables are in it.
    public let releases: Int
    /// Digests of executables that should be in the release store and are not, or are damaged: the backup lacks them.
    public let missing: [String]
}

extension Store {
    /// Writes database, marker and release store to one file of mode 0600, in place of an older one of that name.
    ///
    /// The state is that of one moment; whoever works with the database meanwhile, this process or another, goes on.
    /// Blocks its thread for as long as the disk takes to write the bytes.
    ///
    /// - Throws: ``BackupError``, ``InstallationError``.
    public func backUp(_ folder: DataFolder, to path: String) throws -> BackupReport {
        let marker = try folder.readMarker()
        do {
            let archive = try BackupArchiveWriter(path: path)
            try archive.add(.marker, marker.encoded())
            let digests = try copyDatabase(beside: path) { copy in try archive.add(.database, file: copy) }
            var missing: [String] = []
            for digest in digests.sorted() {
                do {
                    try archive.add(.release(sha256: digest), file: folder.releases + "/" + digest, expecting: digest)
                } catch is FileError {
                    missing.append(digest)
                } catch is BackupArchiveWriter.UnexpectedDigest {
                    missing.append(digest)
                }
            }
            try archive.finish()
            return BackupReport(
                path: path, size: try FileBytes.size(of: path), releases: digests.count - missing.count,
                missing: missing)
        } catch let error as FileError {
            throw BackupError.cannotWrite(path: error.path, problem: error.problem)
        } catch let error as DatabaseError {
            throw BackupError.cannotWrite(path: path, problem: oneLine(error.message ?? "\(error.resultCode)"))
        }
    }

    /// Copies the database of this moment to a file that exists while `body` runs.
    ///
    /// - Returns: The digests of the executables that the copy's releases need.
    private func copyDatabase(beside path: String, _ body: (String) throws -> Void) throws -> Set<String> {
        let copy = path + ".database.partial"
        unlink(copy)
        defer { unlink(copy) }
        try FileBytes.createEmpty(copy)
        let queue = try DatabaseQueue(path: copy)
        try pool.backup(to: queue)
        let digests = try queue.writeWithoutTransaction { database in
            // The copy says of itself that it has a write-ahead log; as one entry of an archive it must not need one.
            try database.execute(sql: "PRAGMA journal_mode = DELETE")
            return try ReleaseTable(database: database).digestsInUse()
        }
        try queue.close()
        try body(copy)
        return digests
    }
}
