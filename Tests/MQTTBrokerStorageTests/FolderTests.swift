import Glibc
import MQTTBrokerStorage
import Testing

/// What a folder may be, and what it may not.
struct FolderTests {
    @Test func isForItsOwnerAlone() throws {
        let folder = TemporaryFolder()
        let store = try DiskSessionStore(folder: folder.path)
        defer { store.close() }
        #expect(folder.mode("") == 0o700)
        #expect(folder.mode("/sessions.sqlite3") == 0o600)
        #expect(folder.mode("/sessions.sqlite3-wal") == 0o600)
    }

    @Test func belongsToOneStore() throws {
        let folder = TemporaryFolder()
        let store = try DiskSessionStore(folder: folder.path)
        #expect(throws: StorageError.locked(folder: folder.path)) { try DiskSessionStore(folder: folder.path) }
        store.close()
    }

    @Test func isRefusedWhenDamaged() throws {
        let folder = TemporaryFolder()
        try DiskSessionStore(folder: folder.path).close()
        folder.overwrite("/sessions.sqlite3", at: 0, with: Array(repeating: 0x5A, count: 8192))
        let error = #expect(throws: StorageError.self) { try DiskSessionStore(folder: folder.path) }
        guard case .damaged? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func isLoadedOnce() throws {
        let folder = TemporaryFolder()
        let store = try DiskSessionStore(folder: folder.path)
        defer { store.close() }
        _ = try store.load()
        #expect(throws: StorageError.notOpen) { try store.load() }
    }
}
