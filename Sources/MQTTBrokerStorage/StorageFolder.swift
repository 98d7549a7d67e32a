import Glibc
import MQTTWire
import WriteAheadLog

/// The folder of a store, which one process has at a time.
struct StorageFolder: ~Copyable, Sendable {
    /// Where the database is.
    let database: String
    /// There was a database before, and the folder had none when it was opened.
    let isDatabaseGone: Bool
    private let lock: Descriptor

    static func database(in folder: String) -> String { folder + "/sessions.sqlite3" }

    /// Makes the folder if need be, and takes its lock, which ends with the process.
    static func open(_ path: String) throws(StorageError) -> StorageFolder {
        let lock = try lock(path)
        let database = database(in: path)
        let isUsed = lock.hasBytes
        let isThere = exists(database)
        guard !isUsed || !isThere || size(of: database) > 0 else {
            throw .damaged(path: database, problem: "it is empty")
        }
        // SQLite gives its other files the mode of this one.
        _ = try file(database)
        return StorageFolder(database: database, isDatabaseGone: isUsed && !isThere, lock: lock)
    }

    /// Looks whether what was committed is missing from the log that a process left which died.
    func checkLog() throws(StorageError) {
        guard let problem = WriteAheadLog.damage(of: database) else { return }
        throw .damaged(path: WriteAheadLog.path(of: database), problem: problem)
    }

    /// Has the folder tell from now on that it has a database: one that is missing or empty later is no first start.
    func noteUse() throws(StorageError) {
        guard !lock.hasBytes else { return }
        guard pwrite(lock.rawValue, "used\n", 5, 0) == 5 else { throw .last(database) }
    }

    /// Whether there is something of this name.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// Whether a folder had a database, and has none.
    static func isDatabaseGone(from folder: String) -> Bool {
        !exists(database(in: folder)) && size(of: folder + "/lock") > 0
    }

    /// The bytes of a file; none if there is none.
    static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private init(database: String, isDatabaseGone: Bool, lock: consuming Descriptor) {
        self.database = database
        self.isDatabaseGone = isDatabaseGone
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

extension Descriptor {
    fileprivate var hasBytes: Bool {
        var status = stat()
        return fstat(rawValue, &status) == 0 && status.st_size > 0
    }
}
