/// Why a data folder cannot be used. The daemon says this one line and exits 78.
public enum InstallationError: Error, Equatable, Sendable {
    /// Neither `--data`, `UM_DATA`, `XDG_DATA_HOME` nor `HOME` says where the data folder is.
    case noHome
    /// The folder or a file in it cannot be made, read or written.
    case unusable(path: String, problem: String)
    /// Another process, most likely a daemon, works on the folder.
    case locked(folder: String, processID: Int32?)
    /// The folder was to be used as it is, and nobody has initialised it.
    case notInitialised(folder: String)
    /// The marker says that there is a database, and there is none.
    case databaseMissing(database: String, marker: String)
    /// The marker cannot be understood.
    case markerDamaged(path: String, problem: String)
    /// Marker and database belong to different installations.
    case mixedUp(marker: String, database: String)
    /// A newer version of this program has written the marker.
    case newer(path: String)
}

extension InstallationError: CustomStringConvertible {
    /// One line: what is wrong with which file, and what to do.
    public var description: String {
        switch self {
        case .noHome:
            "no data folder: HOME is not set; name one with --data DIR"
        case .unusable(let path, let problem):
            "cannot use \(path): \(problem); see to it that this user may read and write there, and that there is room"
        case .locked(let folder, let processID):
            "the data folder \(folder) is in use by \(processID.map { "process \($0)" } ?? "another process"); "
                + "stop it first, or choose another folder with --data"
        case .notInitialised(let folder):
            "there is no installation in \(folder); make one with 'umctl init', or name another folder with --data"
        case .databaseMissing(let database, let marker):
            "\(marker) says that this folder was initialised, but the database \(database) is missing; "
                + "put it back, or restore a backup with 'umctl restore FILE'"
        case .markerDamaged(let path, let problem):
            "\(path) is damaged (\(problem)); put it back, or restore a backup with 'umctl restore FILE --force'"
        case .mixedUp(let marker, let database):
            "\(marker) and \(database) belong to different installations; put back the files that belong together, "
                + "or restore a backup with 'umctl restore FILE --force'"
        case .newer(let path):
            "\(path) was written by a newer version; install that version"
        }
    }
}
