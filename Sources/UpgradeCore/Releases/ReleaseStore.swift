public import Logging
public import UpgradeProtocol

/// The releases: our own durable copy of each, and the folder that operators drop them into.
///
/// What is sent is always the copy, which is named by its SHA-256 and never changes.
public actor ReleaseStore {
    /// What became of a release. Every element is durable when it comes.
    public nonisolated let changes: AsyncStream<ReleaseChange>

    let store: Store
    let files: ReleaseFiles
    let folder: ReleaseFolder
    let logger: Logger

    private let changed: AsyncStream<ReleaseChange>.Continuation
    /// Copies that have their final name while the row that needs them is not yet written, with how many wait for it.
    private var copiesBeingAdded: [String: Int] = [:]
    /// Files of the folder that were refused, as they were then: each is reported once.
    var refusedFiles: [String: String] = [:]
    /// Files of the folder that could not be taken though nothing is wrong with them: each is reported once, and tried again.
    var postponedFiles: Set<String> = []

    /// - Parameters:
    ///   - store: the database.
    ///   - copies: the folder of our own copies; it exists.
    ///   - watchedFolder: the folder that operators drop releases into. It may come and go.
    ///   - logger: told what becomes of each release.
    public init(store: Store, copies: String, watchedFolder: String, logger: Logger) {
        self.store = store
        files = ReleaseFiles(folder: copies)
        folder = ReleaseFolder(path: watchedFolder)
        self.logger = logger
        (changes, changed) = AsyncStream.makeStream()
    }

    /// Begins to receive a release's bytes.
    ///
    /// - Throws: ``FileError`` when no file can be made; ``DomainError/storageFull``.
    public nonisolated func makeIncoming() throws -> IncomingRelease {
        do {
            return try files.makeIncoming()
        } catch let error as FileError {
            throw error.asDomainError
        }
    }

    /// Adds a release that was uploaded. It is durable, and announced, when this returns.
    ///
    /// - Throws: ``DomainError/forbidden(_:)``; ``DomainError/conflict(_:)`` when the version exists;
    ///   ``DomainError/storageFull``; ``FileError``.
    public func add(_ version: Version, _ incoming: IncomingRelease, as principal: Principal) async throws -> Release {
        _ = try principal.scope(for: .manageReleases)
        return try await add(version, incoming, from: .upload, by: principal.username)
    }

    func add(
        _ version: Version, _ incoming: IncomingRelease, from origin: Release.Origin, by username: String?
    ) async throws -> Release {
        let digests = try await BlockingWork.run { try incoming.complete() }
        copiesBeingAdded[digests.sha256, default: 0] += 1
        defer { copiesBeingAdded[digests.sha256] = copiesBeingAdded[digests.sha256].flatMap { $0 > 1 ? $0 - 1 : nil } }
        let release: Release
        do {
            try incoming.publish(as: digests)
            release = try await store.write { transaction in
                if let existing = try transaction.releases.find(version) {
                    throw DomainError.conflict(Self.collision(of: version, origin, with: existing))
                }
                let release = try transaction.releases.insert(
                    version: version, sha256: digests.sha256, size: Int64(digests.size), crc32: digests.crc32,
                    addedBy: username, origin: origin, at: transaction.time)
                transaction.changes.add(release: version, announced: true)
                try transaction.append(
                    EventDraft(
                        .releaseAdded, by: username,
                        "release \(version), \(byteCount(digests.size)), SHA-256 \(digests.sha256)"))
                return release
            }
        } catch {
            await removeUnusedCopy(digests.sha256, addedBesidesThisCall: 1)
            throw error
        }
        logger.info("release added", metadata: ["version": "\(version)", "bytes": "\(digests.size)"])
        changed.yield(.added(version))
        return release
    }

    /// Removes a release for good, and its file in the watched folder. The version may then be added anew.
    ///
    /// - Throws: ``DomainError/forbidden(_:)``, ``DomainError/notFound(_:_:)``; ``FileError`` when the folder's file cannot be removed.
    public func remove(_ version: Version, as principal: Principal) async throws {
        _ = try principal.scope(for: .manageReleases)
        guard let release = try await store.read({ try $0.releases.find(version) }) else {
            throw DomainError.notFound(.release, version.description)
        }
        // First the file: were it still there after a crash in between, it would be taken for a new release.
        if case .folder(let name) = release.origin { try folder.remove(name) }
        try await store.write { transaction in
            guard try transaction.releases.find(version)?.id == release.id else {
                throw DomainError.notFound(.release, version.description)
            }
            try transaction.releases.delete(release.id, at: transaction.time)
            transaction.changes.add(release: version, announced: false)
            try transaction.append(EventDraft(.releaseRemoved, by: principal.username, "release \(version)"))
        }
        await removeUnusedCopy(release.sha256, addedBesidesThisCall: 0)
        logger.info("release removed", metadata: ["version": "\(version)", "user": "\(principal.username)"])
        changed.yield(.removed(version))
    }

    /// Marks what became of a release's file in the watched folder. Nothing happens when somebody removed the release meanwhile.
    func setState(_ state: Release.State, of release: Release) async throws {
        let isStillThere = try await store.write { transaction in
            guard try transaction.releases.find(release.version)?.id == release.id else { return false }
            try transaction.releases.setState(state, of: release.id)
            transaction.changes.add(release: release.version, announced: false)
            switch state {
            case .available:
                try transaction.append(
                    EventDraft(.releaseReturned, "the file of release \(release.version) has its bytes again"))
            case .changed:
                try transaction.append(
                    EventDraft(.releaseWithheld, "the file of release \(release.version) has other bytes"))
            case .removed:
                try transaction.append(EventDraft(.releaseWithheld, "the file of release \(release.version) is gone"))
            }
            return true
        }
        guard isStillThere else { return }
        logger.notice("release \(state.rawValue)", metadata: ["version": "\(release.version)"])
        changed.yield(state == .available ? .returned(release.version) : .withheld(release.version))
    }

    static func collision(of version: Version, _ origin: Release.Origin, with existing: Release) -> String {
        let other =
            switch existing.origin {
            case .folder(let name): "the file \(quoted(name)) of the resources folder"
            case .upload: "an upload"
            }
        return switch origin {
        case .folder(let name): "the file \(quoted(name)) is version \(version), which exists already, from \(other)"
        case .upload: "version \(version) exists already, from \(other)"
        }
    }

    private func removeUnusedCopy(_ sha256: String, addedBesidesThisCall own: Int) async {
        guard let used = try? await store.read({ try $0.releases.digestsInUse() }) else { return }
        // No suspension from here on: nobody can begin to need the copy in between.
        if !used.contains(sha256), copiesBeingAdded[sha256, default: 0] <= own { files.remove(sha256) }
    }
}

/// What became of a release.
public enum ReleaseChange: Sendable, Equatable {
    /// It is durable, and may be sent.
    case added(Version)
    /// The watched folder's file was changed or is gone: nothing of it may be sent.
    case withheld(Version)
    /// The watched folder's file has its old bytes again.
    case returned(Version)
    /// Somebody removed it for good.
    case removed(Version)
}

extension ReleaseStore: ReleaseSource {
    /// Reads the whole copy, on a thread where waiting harms nobody.
    public nonisolated func verifiedCopy(of release: Release) async throws -> ReleaseCopy {
        let path = files.path(of: release.sha256)
        // Taken before the bytes: what is written meanwhile shows.
        let stamp = FileStamp(of: path)
        let digests: FileDigests
        do {
            digests = try await BlockingWork.run { try FileDigests(ofFileAt: path) }
        } catch let error as FileError where error.isMissingFile {
            throw ReleaseDamage("the store's copy of release \(release.version) is gone")
        } catch let error as FileError where error.isNoPlainFile {
            throw ReleaseDamage("the store's copy of release \(release.version) is no file: \(error.problem)")
        }
        guard digests.sha256 == release.sha256, digests.size == release.size, digests.crc32 == release.crc32 else {
            throw ReleaseDamage(
                "the store's copy of release \(release.version) has the SHA-256 \(digests.sha256), not \(release.sha256)"
            )
        }
        guard let stamp else { throw ReleaseDamage("the store's copy of release \(release.version) is gone") }
        return ReleaseCopy(path: path, size: digests.size, crc32: digests.crc32, stamp: stamp)
    }
}
