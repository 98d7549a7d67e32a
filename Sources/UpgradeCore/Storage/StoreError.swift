import WriteAheadLog

/// Why the database cannot be used at all. The daemon says this one line and exits 78.
public enum StoreError: Error, Equatable, Sendable {
    /// There should be a database at this path, and there is none.
    case missing(path: String)
    /// SQLite cannot open the file or the folder.
    case cannotOpen(path: String, problem: String)
    /// The file is no database, or parts of it are unreadable or contradict each other.
    case damaged(path: String, problem: String)
    /// The write-ahead log beside the file has lost what was committed.
    case logDamaged(path: String, problem: String)
    /// The file is some other program's database.
    case foreign(path: String)
    /// A newer version of this program has changed the tables.
    case newer(path: String)
    /// SQLite would not promise that what is committed survives a power cut.
    case notDurable(path: String)
}

extension StoreError: CustomStringConvertible {
    /// One line: what is wrong with which file, and what to do.
    public var description: String {
        switch self {
        case .missing(let path):
            "the database \(path) is missing; put it back, or restore a backup with 'umctl restore FILE'"
        case .cannotOpen(let path, let problem):
            "cannot open the database \(path): \(problem); see to it that it and what SQLite keeps beside it are files that this user may read and write, "
                + "or restore a backup with 'umctl restore FILE'"
        case .damaged(let path, let problem):
            "the database \(path) is damaged (\(problem)); restore a backup with 'umctl restore FILE'"
        case .logDamaged(let path, let problem):
            "the write-ahead log \(WriteAheadLog.path(of: path)) is damaged (\(problem)), and what was done last would be lost; put it back, restore a backup with "
                + "'umctl restore FILE', or go on without what is lost: sqlite3 \(path) 'PRAGMA wal_checkpoint(TRUNCATE)'"
        case .foreign(let path):
            "\(path) is another program's database; move it away or choose another data folder with --data"
        case .newer(let path):
            "the database \(path) was written by a newer version; install that version, or restore an older backup"
        case .notDurable(let path):
            "SQLite refuses synchronous=FULL for \(path); it may lie on a file system that cannot promise durability"
        }
    }
}
