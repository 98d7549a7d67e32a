import Glibc
import MQTTWire

/// The folder of a store, which one process has at a time.
struct StorageFolder: ~Copyable, Sendable {
    /// Where the database is.
    let database: String
    private let lock: Descriptor

    static func database(in folder: String) -> String { folder + "/sessions.sqlite3" }

    /// Makes the folder if need be, and takes its lock, which ends with the process.
    static func open(_ path: String) throws(StorageError) -> StorageFolder {
        let lock = try lock(path)
        let database = database(in: path)
        // SQLite gives its other files the mode of this one.
        _ = try file(database)
        return StorageFolder(database: database, lock: lock)
    }

    /// The bytes of a file; none if there is none.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private init(database: String, lock: consuming Descriptor) {
        self.database = database
        self.lock = lock
    }

    // Closing alone would leave the lock to a child process that is being started and has not closed its copy.
    deinit { _ = flock(lock.rawValue, LOCK_UN) }

    private static func lock(_ path: String) throws(StorageError) -> Descriptor {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST, chmod(path, 0o700) == 0 else { throw .last(path) }
        let lock = try file(path + "/lock")
        guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { throw .locked(folder: path) }
            throw .last(path)
        }
        return lock
    }

    private static func file(_ path: String) throws(StorageError) -> Descriptor {
        let raw = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw .last(path) }
        return Descriptor(adopting: raw)
    }
}
