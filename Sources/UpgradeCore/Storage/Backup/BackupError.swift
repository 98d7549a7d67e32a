/// Why a backup could not be written or restored. Nothing has changed when one is thrown.
public enum BackupError: Error, Equatable, Sendable {
    /// The file cannot be opened or read.
    case unreadable(path: String, problem: String)
    /// The file is something else.
    case notABackup(path: String)
    /// Something is missing from the file, or is not what was written.
    case damaged(path: String, problem: String)
    /// A newer version of this program has written the file.
    case newer(path: String)
    /// The file, or a copy beside it, cannot be written.
    case cannotWrite(path: String, problem: String)
    /// The folder holds another installation, or one whose marker cannot be read, and nobody said to replace it.
    case otherInstallation(path: String, folder: String)
}

extension BackupError: CustomStringConvertible {
    /// One line: what is wrong with which file, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let path, let problem): "cannot read \(path): \(problem)"
        case .notABackup(let path): "\(path) is not a backup; name a file that 'umctl backup' wrote"
        case .damaged(let path, let problem): "the backup \(path) is damaged (\(problem)); use another one"
        case .newer(let path): "the backup \(path) was written by a newer version; install that version"
        case .cannotWrite(let path, let problem): "cannot write \(path): \(problem)"
        case .otherInstallation(let path, let folder):
            "the backup \(path) is not known to be of the installation in \(folder); "
                + "to replace that one all the same, add --force"
        }
    }
}
