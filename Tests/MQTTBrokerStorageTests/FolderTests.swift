import Foundation
import MQTTBroker
import MQTTBrokerStorage
import MQTTWire
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
        #expect(throws: try #require(error)) { try StorageInspection.of(folder: folder.path) }
    }

    @Test func isRefusedWhenNewer() throws {
        let folder = TemporaryFolder()
        try DiskSessionStore(folder: folder.path).close()
        let path = folder.path + "/sessions.sqlite3"
        try folder.change("INSERT INTO grdb_migrations VALUES ('of a later version')")
        #expect(throws: StorageError.newer(path: path)) { try DiskSessionStore(folder: folder.path) }
        #expect(throws: StorageError.newer(path: path)) { try StorageInspection.of(folder: folder.path) }
    }

    @Test func isMadeAnewWhenItsMakingWasCutOff() throws {
        let folder = TemporaryFolder()
        // As a process leaves it that dies before the first migration.
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try folder.change("CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        let store = try DiskSessionStore(folder: folder.path)
        #expect(try store.load().sessions.isEmpty)
        store.close()
    }

    @Test func isRefusedWhenItsTablesAreOthers() throws {
        let folder = TemporaryFolder()
        try DiskSessionStore(folder: folder.path).close()
        try folder.change("ALTER TABLE message RENAME COLUMN flags TO fla7s")
        let lost = StorageError.damaged(
            path: folder.path + "/sessions.sqlite3",
            problem: "the column flags of message (INTEGER NOT NULL) is not there")
        #expect(throws: lost) { try DiskSessionStore(folder: folder.path) }
        #expect(throws: lost) { try StorageInspection.of(folder: folder.path) }
    }

    @Test(arguments: [
        "UPDATE session SET expiry = -1",
        "UPDATE delivery SET packet = 70000, stage = 1", "UPDATE delivery SET stage = 9",
        "UPDATE delivery SET flags = 255",
        "UPDATE delivery SET message = 9223372036854775807", "UPDATE delivery SET identifiers = '1 x'",
        "UPDATE message SET head = x'00'", "DELETE FROM message", "UPDATE subscription SET options = -1",
        "UPDATE subscription SET filter = 'a/#/b'", "UPDATE subscription SET identifier = 0",
        "UPDATE received SET packet = 0", "DELETE FROM clock", "UPDATE clock SET milliseconds = -1",
        "UPDATE delivery SET id = 9223372036854775807",
    ])
    func isRefusedWhenItContradictsItself(_ damage: String) throws {
        let folder = TemporaryFolder()
        let store = try DiskSessionStore(folder: folder.path)
        _ = try store.load()
        let client = try ClientID("c")
        let message = StoredMessage(
            id: 1, topic: try TopicName("t"), body: SharedSlice(SharedBytes([1])), qos: .atLeastOnce, retain: false,
            properties: Properties(), expiresIn: nil, publisher: nil)
        store.apply(
            [
                .sessionPresent(client, owner: .anonymous, expiresIn: nil),
                .subscribed(
                    client,
                    StoredSubscription(
                        filter: try TopicFilter("t"), options: SubscriptionOptions(.atLeastOnce), identifier: 1)),
                .queued(
                    client,
                    StoredDelivery(message: message, qos: .atLeastOnce, retain: false, identifiers: [1], stage: .queued)
                ),
                .received(client, try PacketID(1), message: 1),
            ], whenDurable: {})
        store.close()
        try folder.change(damage)
        let damaged = try DiskSessionStore(folder: folder.path)
        defer { damaged.close() }
        let error = #expect(throws: StorageError.self) { try damaged.load() }
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
