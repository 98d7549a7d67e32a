import Foundation
import ProgramSupport
import Testing

extension StoredRecord {
    /// SQLite's own check, of a copy: the daemon itself is to find what the dead one left.
    static func expectSoundDatabase(of data: String, in folder: String) async throws {
        let copy = folder + "/copy.sqlite3"
        for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: copy + suffix)
            guard FileManager.default.fileExists(atPath: "\(data)/umd.sqlite3\(suffix)") else { continue }
            try FileManager.default.copyItem(atPath: "\(data)/umd.sqlite3\(suffix)", toPath: copy + suffix)
        }
        let outcome = try await Program.run("/usr/bin/sqlite3", [copy, "PRAGMA integrity_check"])
        #expect(outcome.output == "ok\n", "\(outcome)")
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: copy + suffix) }
    }
}
