import Foundation
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite struct InstallationTests {
    @Test func `a folder without marker and database is fresh, whatever else lies in it`() async throws {
        try await withTemporaryFolder { path in
            let folder = DataFolder(path: path)
            try FileManager.default.createDirectory(atPath: folder.resources, withIntermediateDirectories: true)
            try Data("1.2".utf8).write(to: URL(filePath: folder.resources + "/1.2"))
            #expect(try folder.contents() == .nothing)
            let first = try await initialise(folder)
            #expect(first.isNew)
            try first.store.close()
            #expect(try folder.contents() == .installation(first.marker))
            let second = try await initialise(folder)
            #expect(!second.isNew)
            #expect(second.marker.installation == first.marker.installation)
            try second.store.close()
        }
    }

    @Test func `a marker without its database is never a fresh start`() async throws {
        try await withInitialised { folder in
            try FileManager.default.removeItem(atPath: folder.database)
            let expected = InstallationError.databaseMissing(database: folder.database, marker: folder.marker)
            #expect(throws: expected) { try folder.contents() }
            await #expect(throws: expected) { try await initialise(folder) }
            #expect(!FileManager.default.fileExists(atPath: folder.database))
        }
    }

    @Test(arguments: ["", "{", "{}", #"{"installation":"x","createdAt":"2026-01-01T00:00:00Z","format":1}"#])
    func `a damaged marker is never a fresh start`(text: String) async throws {
        try await withInitialised { folder in
            try Data(text.utf8).write(to: URL(filePath: folder.marker))
            await #expect {
                try await initialise(folder)
            } throws: { error in
                guard case InstallationError.markerDamaged(let path, _)? = error as? InstallationError else {
                    return false
                }
                return path == folder.marker
            }
        }
    }

    @Test func `a marker of a newer version is left alone`() async throws {
        try await withInitialised { folder in
            let text =
                #"{"installation":"0123456789abcdef0123456789abcdef","createdAt":"2026-01-01T00:00:00Z","format":2}"#
            try Data(text.utf8).write(to: URL(filePath: folder.marker))
            #expect(throws: InstallationError.newer(path: folder.marker)) { try folder.contents() }
        }
    }

    @Test func `initialising that was cut off before the marker goes on`() async throws {
        try await withInitialised { folder in
            try FileManager.default.removeItem(atPath: folder.marker)
            #expect(try folder.contents() == .halfInitialised)
            let installation = try await initialise(folder)
            #expect(installation.hasNewMarker)
            #expect(!installation.isNew, "nobody is told to log in as the first user of an installation that has users")
            let users = try await installation.store.read { try $0.users.superUsers() }
            #expect(users == 1)
            try installation.store.close()
        }
    }

    @Test func `marker and database of different installations are not put to work together`() async throws {
        try await withInitialised { folder in
            try folder.writeMarker(InstallationMarker(installation: InstallationMarker.newInstallationID()))
            await #expect(throws: InstallationError.mixedUp(marker: folder.marker, database: folder.database)) {
                try await initialise(folder)
            }
        }
    }

    @Test func `opening what nobody has initialised says how to`() async throws {
        try await withTemporaryFolder { (path) async throws -> Void in
            await #expect(throws: InstallationError.notInitialised(folder: path)) {
                _ = try await Installation.open(DataFolder(path: path))
            }
        }
    }

    @Test func `what does not open leaves the lock free`() async throws {
        try await withInitialised { folder in
            // The log alone would do to bring the database back.
            try? FileManager.default.removeItem(atPath: folder.database + "-wal")
            try Data("not a database, by a long way".utf8).write(to: URL(filePath: folder.database))
            await #expect(throws: StoreError.self) { try await initialise(folder) }
            #expect(try FolderLock.ifFree(folder)?.folder == folder)
        }
    }
}

/// Opens or initialises the installation in a folder, as the daemon does.
func initialise(_ folder: DataFolder) async throws -> Installation {
    try folder.create()
    return try await Installation.openOrInitialise(under: FolderLock(folder))
}

/// Calls `body` with a folder that was initialised and closed.
func withInitialised(_ body: (DataFolder) async throws -> Void) async throws {
    try await withTemporaryFolder { path in
        let folder = DataFolder(path: path)
        try await initialise(folder).store.close()
        try await body(folder)
    }
}
