import GRDB
import Glibc

/// Why a folder of sessions cannot be used: one line that says what is wrong and what to do.
public enum StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another process, or another store of this one, uses the folder.
    case locked(folder: String)
    /// A newer version of this library wrote the file.
    case newer(path: String)
    /// The file is no database, or what stands in it contradicts itself.
    case damaged(path: String, problem: String)
    /// There was a file, and there is none; a store that is opened begins without sessions.
    case missing(path: String)
    /// The file or the folder cannot be used.
    case unusable(path: String, problem: String)
    /// SQLite would not promise that what is committed survives a power cut.
    case notDurable(path: String)
    /// The store was loaded before, or closed.
    case notOpen

    /// One line.
    public var description: String {
        switch self {
        case .locked(let folder): "\(folder) is used by another process; stop it, or name another folder"
        case .newer(let path):
            "\(path) was written by a newer version; install that version, or move the file away to begin without sessions"
        case .damaged(let path, let problem):
            "\(path) is damaged (\(problem)); move it away to begin without sessions and retained messages"
        case .missing(let path):
            "\(path) is missing, and with it the sessions and retained messages of before; put it back, if it is wanted, before the next start"
        case .unusable(let path, let problem): "cannot use \(path): \(problem)"
        case .notDurable(let path):
            "SQLite refuses synchronous=FULL for \(path); it may lie on a file system that cannot promise durability"
        case .notOpen: "the store of sessions was loaded or closed before"
        }
    }

    /// The last system call on the file failed.
    static func last(_ path: String) -> StorageError {
        .unusable(path: path, problem: String(cString: strerror(errno)))
    }

    init(_ error: any Error, path: String) {
        switch error {
        case let error as StorageError: self = error
        case let error as DatabaseError:
            let text = error.message ?? "\(error.resultCode)"
            let problem = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: self = .damaged(path: path, problem: problem)
            default: self = .unusable(path: path, problem: problem)
            }
        default: self = .unusable(path: path, problem: "\(error)")
        }
    }
}
