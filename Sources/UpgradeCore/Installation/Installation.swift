/// A data folder with a database that works.
public struct Installation: Sendable {
    /// Where it is.
    public let folder: DataFolder
    /// What tells it from every other.
    public let marker: InstallationMarker
    /// Its database.
    public let store: Store
    /// Whether it has just got its first super user.
    public let isNew: Bool
    /// Whether its marker was written just now, since there was none.
    public let hasNewMarker: Bool

    /// The first super user of an installation to be.
    public struct FirstUser: Sendable {
        /// The name to log in with; the well-known one if nil.
        public var username: String?
        /// The password; the well-known one if nil.
        public var password: String?

        /// A first super user; the well-known one unless it says otherwise.
        public init(username: String? = nil, password: String? = nil) {
            self.username = username
            self.password = password
        }
    }

    private static let idKey = SettingKey(rawValue: "installation")

    /// Opens what the folder holds; a fresh folder is initialised first, and one whose initialising was cut off is finished.
    ///
    /// - Parameters:
    ///   - lock: The right to do so.
    ///   - firstUser: Whom a fresh folder gets.
    ///   - now: The wall clock; another one for tests.
    /// - Returns: The installation, its store open.
    /// - Throws: ``InstallationError``, ``StoreError``, ``DomainError``.
    public static func openOrInitialise(
        under lock: FolderLock, firstUser: FirstUser = FirstUser(),
        now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) async throws -> Installation {
        let folder = lock.folder
        let contents = try folder.contents()
        if case .installation(let marker) = contents {
            try Store.checkLog(of: folder.database)
            return try await open(folder, marker, isAlone: true, now: now)
        }
        try folder.create()
        // SQLite would make the file with the rights that the umask leaves.
        if contents == .nothing {
            do {
                try FileBytes.createEmpty(folder.database)
            } catch let error as FileError {
                throw InstallationError.unusable(path: error.path, problem: error.problem)
            }
        }
        try Store.checkLog(of: folder.database)
        let store = try Store.open(at: folder.database, ifAbsent: .creates, isAlone: true, now: now)
        do {
            let isNew = try await Bootstrap(store: store, hasher: PasswordHasher())
                .initialise(username: firstUser.username, password: firstUser.password)
            let id = try await store.write { transaction in
                if let id = try transaction.settings.value(idKey) { return id }
                let id = InstallationMarker.newInstallationID()
                try transaction.settings.set(idKey, to: id)
                return id
            }
            let marker = InstallationMarker(installation: id)
            try folder.writeMarker(marker)
            return Installation(folder: folder, marker: marker, store: store, isNew: isNew, hasNewMarker: true)
        } catch {
            try? store.close()
            throw error
        }
    }

    /// Opens an initialised folder, beside a daemon that may be working on it.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - now: The wall clock; another one for tests.
    /// - Returns: The installation, its store open.
    /// - Throws: ``InstallationError``, also ``InstallationError/notInitialised(folder:)``; ``StoreError``.
    public static func open(
        _ folder: DataFolder, now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) async throws -> Installation {
        guard case .installation(let marker) = try folder.contents() else {
            throw InstallationError.notInitialised(folder: folder.path)
        }
        // Whoever has the lock has looked, and the log changes under it.
        let lock = try FolderLock.ifFree(folder)
        if lock != nil { try Store.checkLog(of: folder.database) }
        defer { withExtendedLifetime(lock) {} }
        return try await open(folder, marker, isAlone: lock != nil, now: now)
    }

    private static func open(
        _ folder: DataFolder, _ marker: InstallationMarker, isAlone: Bool, now: @escaping @Sendable () -> Timestamp
    ) async throws -> Installation {
        let store = try Store.open(at: folder.database, ifAbsent: .isAnError, isAlone: isAlone, now: now)
        guard try await store.read({ try $0.settings.value(idKey) }) == marker.installation else {
            try? store.close()
            throw InstallationError.mixedUp(marker: folder.marker, database: folder.database)
        }
        return Installation(folder: folder, marker: marker, store: store, isNew: false, hasNewMarker: false)
    }
}
