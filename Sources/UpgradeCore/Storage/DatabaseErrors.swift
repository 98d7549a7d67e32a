import GRDB

extension DomainError {
    /// What an error of SQLite means to whoever asked; nil for those that only a mistake in this program explains.
    init?(_ error: DatabaseError) {
        switch error.extendedResultCode {
        // The second: there is no room for the write-ahead log's index.
        case .SQLITE_FULL, .SQLITE_IOERR_SHMSIZE:
            self = .storageFull
            return
        default: break
        }
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_READONLY,
            .SQLITE_CANTOPEN, .SQLITE_NOMEM, .SQLITE_INTERRUPT:
            self = .unavailable("the database does not answer: \(oneLine(error.message ?? "\(error.resultCode)"))")
        default:
            return nil
        }
    }
}

extension StoreError {
    init(_ error: DatabaseError, path: String) {
        let problem = oneLine(error.message ?? "\(error.resultCode)")
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: self = .damaged(path: path, problem: problem)
        default: self = .cannotOpen(path: path, problem: problem)
        }
    }
}

/// SQLite's integrity check and some system errors speak in several lines.
func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: "; ")
}
