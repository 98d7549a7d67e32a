import FoundationEssentials
import Glibc
import Logging
import Testing
import UpgradeProtocol

@testable import UpgradeCore

@Suite struct ReleaseStoreTests {
    @Test func anUploadIsKeptUnderItsDigestAndAnnounced() async throws {
        try await withReleases { fixture in
            let release = try await fixture.upload("1.2", Array("123456789".utf8))
            #expect(release.crc32 == 0xcbf4_3926)
            #expect(release.size == 9)
            #expect(release.origin == .upload)
            #expect(try fixture.copies() == [release.sha256])
            #expect(await fixture.nextChange() == .added(Version("1.2")))
            let copy = try await fixture.releases.verifiedCopy(of: release)
            #expect(try [UInt8](Data(contentsOf: URL(filePath: copy.path))) == Array("123456789".utf8))
        }
    }

    @Test func aVersionThatExistsIsRefusedAndLeavesNothingBehind() async throws {
        try await withReleases { fixture in
            let first = try await fixture.upload("1.1", [1])
            await #expect(throws: DomainError.conflict("version 1.1 exists already, from an upload")) {
                try await fixture.upload("1.10", [2])
            }
            #expect(try fixture.copies() == [first.sha256])
        }
    }

    @Test func anUploadThatIsGivenUpLeavesNothingBehind() async throws {
        try await withReleases { fixture in
            do {
                let incoming = try fixture.releases.makeIncoming()
                try incoming.write([1, 2, 3].span.bytes)
            }
            #expect(try fixture.copies().isEmpty)
        }
    }

    @Test func onlyWhoMayManageReleasesAddsOrRemovesThem() async throws {
        try await withReleases { fixture in
            let admin = Principal(username: "a@b.c", role: .admin, companyID: CompanyID("2"))
            let release = try await fixture.upload("1.0", [])
            await #expect(throws: DomainError.self) { try await fixture.releases.remove(release.version, as: admin) }
            await #expect(throws: DomainError.self) {
                try await fixture.releases.add(
                    Version("1.1"), try fixture.releases.makeIncoming(), as: admin)
            }
            #expect(try fixture.copies() == [release.sha256])
        }
    }

    @Test func copiesAreSharedAndGoWithTheLastReleaseThatNeedsThem() async throws {
        try await withReleases { fixture in
            let first = try await fixture.upload("1.0", [7])
            let second = try await fixture.upload("1.1", [7])
            #expect(first.sha256 == second.sha256)
            try await fixture.releases.remove(first.version, as: fixture.principal)
            #expect(try fixture.copies() == [second.sha256])
            try await fixture.releases.remove(second.version, as: fixture.principal)
            #expect(try fixture.copies().isEmpty)
        }
    }

    @Test func aDamagedOrMissingCopyIsNoticed() async throws {
        try await withReleases { fixture in
            let release = try await fixture.upload("1.0", [1, 2, 3])
            let path = try await fixture.releases.verifiedCopy(of: release).path
            try FileManager.default.removeItem(atPath: path)
            await #expect(throws: ReleaseDamage.self) { try await fixture.releases.verifiedCopy(of: release) }
            try Data([1, 2, 4]).write(to: URL(filePath: path))
            await #expect(throws: ReleaseDamage.self) { try await fixture.releases.verifiedCopy(of: release) }
        }
    }

    @Test func aFileIsAnnouncedWhenItIsClosedAndNotBefore() async throws {
        try await withReleases(watching: true) { fixture in
            let descriptor = open(fixture.folder + "/1.2", O_CREAT | O_WRONLY, 0o600)
            #expect(write(descriptor, "half", 4) == 4)
            // A file that is complete is seen while this one is still being written.
            try fixture.drop("0.9", Array("other".utf8))
            #expect(await fixture.nextChange() == .added(Version("0.9")))
            #expect(write(descriptor, " and half", 9) == 9)
            close(descriptor)
            #expect(await fixture.nextChange() == .added(Version("1.2")))
            #expect(try await fixture.all().map(\.size) == [13, 5])
        }
    }

    @Test func namesThatAreNoVersionsAreNoReleases() async throws {
        try await withReleases(watching: true) { fixture in
            for name in ["1.0.1", "Infinity", "01", " 1.0", "1.0 ", "v1", "1.", ".5", "-1", "1e3"] {
                try fixture.drop(name, [1])
            }
            try fixture.drop("2.0", [1])
            #expect(await fixture.nextChange() == .added(Version("2")))
            #expect(try await fixture.all().map(\.version.description) == ["2"])
        }
    }

    @Test func aFileThatCollidesIsRefusedSayingWithWhich() async throws {
        try await withReleases(watching: true) { fixture in
            try fixture.drop("1.1", [1])
            #expect(await fixture.nextChange() == .added(Version("1.1")))
            try fixture.drop("1.10", [2])
            try fixture.drop("1.2", [3])
            #expect(await fixture.nextChange() == .added(Version("1.2")))
            #expect(try await fixture.all().map(\.version.description) == ["1.2", "1.1"])
            #expect(
                try await fixture.details(of: .releaseRefused) == [
                    #"the file "1.10" is version 1.1, which exists already, from the file "1.1" of the resources folder"#
                ])
        }
    }

    @Test func aChangedFileIsWithheldUntilItsBytesAreBack() async throws {
        try await withReleases(watching: true) { fixture in
            let version = Version("1.1")
            try fixture.drop("1.1", [1])
            #expect(await fixture.nextChange() == .added(version))
            try fixture.drop("1.1", [2])
            #expect(await fixture.nextChange() == .withheld(version))
            #expect(try await fixture.all().map(\.state) == [.changed])
            try fixture.drop("1.1", [1])
            #expect(await fixture.nextChange() == .returned(version))
            try FileManager.default.removeItem(atPath: fixture.folder + "/1.1")
            #expect(await fixture.nextChange() == .withheld(version))
            #expect(try await fixture.all().map(\.state) == [.removed])
            try await fixture.releases.remove(version, as: fixture.principal)
            #expect(await fixture.nextChange() == .removed(version))
            try fixture.drop("1.1", [2])
            #expect(await fixture.nextChange() == .added(version))
        }
    }

    @Test func removingAReleaseRemovesItsFile() async throws {
        try await withReleases(watching: true) { fixture in
            try fixture.drop("1.1", [1])
            #expect(await fixture.nextChange() == .added(Version("1.1")))
            try await fixture.releases.remove(Version("1.1"), as: fixture.principal)
            #expect(!FileManager.default.fileExists(atPath: fixture.folder + "/1.1"))
        }
    }

    @Test func aReleaseThatIsGoneIsNotSaidToBeWithheld() async throws {
        try await withReleases { fixture in
            let release = try await fixture.upload("1.1", [1])
            #expect(await fixture.nextChange() == .added(release.version))
            try await fixture.releases.remove(release.version, as: fixture.principal)
            #expect(await fixture.nextChange() == .removed(release.version))
            // The folder's watcher noticed the vanished file before the row was gone.
            try await fixture.releases.setState(.removed, of: release)
            try await fixture.upload("1.2", [2])
            #expect(await fixture.nextChange() == .added(Version("1.2")))
            #expect(try await fixture.details(of: .releaseWithheld).isEmpty)
        }
    }

    @Test func theFolderMayBeDeletedAndMadeAgain() async throws {
        try await withReleases(watching: true) { fixture in
            try fixture.drop("1.1", [1])
            #expect(await fixture.nextChange() == .added(Version("1.1")))
            try FileManager.default.removeItem(atPath: fixture.folder)
            #expect(await fixture.nextChange() == .withheld(Version("1.1")))
            try FileManager.default.createDirectory(atPath: fixture.folder, withIntermediateDirectories: false)
            try fixture.drop("1.1", [1])
            #expect(await fixture.nextChange() == .returned(Version("1.1")))
        }
    }

    @Test func aStartFindsWhatChangedMeanwhile() async throws {
        try await withReleases { fixture in
            try fixture.drop("1.1", [1])
            try fixture.drop("1.2", [2])
            let watching = Task { try await fixture.releases.watchFolder() }
            defer { watching.cancel() }
            let found: Set = [await fixture.nextChange(), await fixture.nextChange()].reduce(into: Set<String>()) {
                $0.insert("\(String(describing: $1))")
            }
            #expect(found.count == 2)
            #expect(try await fixture.all().count == 2)
        }
    }
}

/// A release store on a throw-away folder.
private final class Fixture: Sendable {
    let folder: String
    let releases: ReleaseStore
    let principal: Principal
    private let store: Store
    private let copiesFolder: String
    private let changes: ChangeQueue

    init(root: String) throws {
        folder = root + "/resources"
        copiesFolder = root + "/releases"
        for path in [folder, copiesFolder] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        store = try Store.open(at: root + "/umd.sqlite3", ifAbsent: .creates)
        releases = ReleaseStore(
            store: store, copies: copiesFolder, watchedFolder: folder,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        changes = ChangeQueue(releases.changes)
        principal = Principal(username: "super@gushenxing.com", role: .super, companyID: CompanyID("1"))
    }

    @discardableResult
    func upload(_ version: String, _ bytes: [UInt8]) async throws -> Release {
        let incoming = try releases.makeIncoming()
        try incoming.write(bytes.span.bytes)
        return try await releases.add(try Version(version), incoming, as: principal)
    }

    /// Puts a complete file into the watched folder, as `mv` does.
    func drop(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: folder + "/" + name), options: .atomic)
    }

    func copies() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: copiesFolder) }

    func all() async throws -> [Release] { try await store.read { try $0.releases.all() } }

    func details(of kind: EventKind) async throws -> [String] {
        try await store.read { try $0.events.list(after: 0, in: .everything, limit: 1000) }
            .filter { $0.kind == kind }.map(\.detail)
    }

    func nextChange() async -> ReleaseChange? { await changes.next() }
}

private actor ChangeQueue {
    private var iterator: AsyncStream<ReleaseChange>.Iterator

    init(_ stream: AsyncStream<ReleaseChange>) { iterator = stream.makeAsyncIterator() }

    func next() async -> ReleaseChange? {
        var iterator = iterator
        let change = await iterator.next(isolation: self)
        self.iterator = iterator
        return change
    }
}

private func withReleases(watching: Bool = false, _ body: (Fixture) async throws -> Void) async throws {
    let root = FileManager.default.temporaryDirectory.path() + "/release-store-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    let fixture = try Fixture(root: root)
    let watching = watching ? Task { try await fixture.releases.watchFolder() } : nil
    defer { watching?.cancel() }
    try await body(fixture)
}
