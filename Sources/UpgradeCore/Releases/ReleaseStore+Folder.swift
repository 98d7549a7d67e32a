import Logging
import UpgradeProtocol

extension ReleaseStore {
    /// Keeps the releases in step with the watched folder until the task is cancelled.
    ///
    /// First it looks at everything, for what changed while nobody watched.
    ///
    /// - Throws: ``FolderWatcherError`` when the kernel cannot watch another folder.
    public func watchFolder() async throws {
        files.removeLeftovers()
        let watcher = try FolderWatcher(folder: folder.path)
        try watcher.start()
        await withTaskCancellationHandler {
            for await _ in watcher.signals { await look(at: watcher.takeChanges()) }
        } onCancel: {
            watcher.stop()
        }
        watcher.stop()
    }

    private func look(at changes: FolderWatcher.Changes) async {
        guard changes.everything else {
            for name in changes.names.sorted() { await reconcile(name) }
            return
        }
        var names = Set(folder.names()).union(changes.names)
        if let releases = try? await store.read({ try $0.releases.all() }) {
            for case .folder(let name) in releases.map(\.origin) { names.insert(name) }
        }
        for name in names.sorted() {
            if folder.isUnsettled(name) { reconcileLater(name) } else { await reconcile(name) }
        }
    }

    private func reconcileLater(_ name: String) {
        Task { [weak self] in
            repeat { try await Task.sleep(for: ReleaseFolder.quietTime) } while self?.folder.isUnsettled(name) == true
            await self?.reconcile(name)
        }
    }

    /// Makes the releases say what is true of one file of the folder. What goes wrong with it is logged, and harms no other.
    private func reconcile(_ name: String) async {
        guard let version = ReleaseFolder.version(named: name) else {
            logger.debug("no release: a release's file name is its version", metadata: ["file": "\(quoted(name))"])
            return
        }
        do {
            let existing = try await store.read { try $0.releases.find(version) }
            if folder.isBeingWritten(name) { return }
            if folder.contains(name) {
                try await take(name, version, existing)
            } else {
                refusedFiles[name] = nil
                if let existing, existing.origin == .folder(fileName: name), existing.state != .removed {
                    try await setState(.removed, of: existing)
                }
            }
            postponedFiles.remove(name)
        } catch is UnsettledFileError {
            reconcileLater(name)
        } catch let error as ReleaseTooLargeError {
            await refuse(name, because: "the file \(quoted(name)): \(error)")
        } catch let error as FileError where error.isMissingFile {
            reconcileLater(name)
        } catch DomainError.conflict(let problem) {
            await refuse(name, because: problem)
        } catch {
            postpone(name, because: error)
        }
    }

    /// The disk is full, or fails: the file is as good as before, and nobody will touch it again to have it looked at.
    private func postpone(_ name: String, because error: any Error) {
        if postponedFiles.insert(name).inserted {
            logger.error(
                "a file of the resources folder could not be taken; it is tried again",
                metadata: ["file": "\(quoted(name))", "error": "\(error)"])
        }
        Task { [weak self] in
            try await Task.sleep(for: ReleaseFolder.retryTime)
            await self?.reconcile(name)
        }
    }

    private func take(_ name: String, _ version: Version, _ existing: Release?) async throws {
        let folder = folder
        guard let existing else {
            let incoming = try makeIncoming()
            try await BlockingWork.run { try folder.copy(name, to: incoming) }
            _ = try await add(version, incoming, from: .folder(fileName: name), by: nil)
            return
        }
        guard existing.origin == .folder(fileName: name) else {
            throw DomainError.conflict(Self.collision(of: version, .folder(fileName: name), with: existing))
        }
        let digests = try await BlockingWork.run { try folder.digests(of: name) }
        let state: Release.State = digests.sha256 == existing.sha256 ? .available : .changed
        if state != existing.state { try await setState(state, of: existing) }
    }

    private func refuse(_ name: String, because problem: String) async {
        guard refusedFiles.updateValue(problem, forKey: name) != problem else { return }
        logger.warning("no release", metadata: ["reason": "\(problem)"])
        do {
            try await store.write { transaction in _ = try transaction.append(EventDraft(.releaseRefused, problem)) }
        } catch {
            logger.error("a refused release could not be recorded", metadata: ["error": "\(error)"])
        }
    }
}
