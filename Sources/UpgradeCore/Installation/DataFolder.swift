import CPosix
import FoundationEssentials
import Glibc

/// The folder that holds everything of one installation, and the names of what lies in it.
public struct DataFolder: Sendable, Hashable {
    /// Where it is, as an absolute path.
    public let path: String

    /// The folder at `path`; a relative one is looked for in the working directory. Nothing is touched.
    public init(path: String) {
        self.path = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// The folder that is meant: `option` (`--data`), else `UM_DATA`, else `upgrade-manager` in `XDG_DATA_HOME` or `~/.local/share`.
    ///
    /// - Throws: ``InstallationError/noHome`` when nothing says where.
    public static func resolved(
        option: String?, environment: [String: String]
    ) throws(InstallationError) -> DataFolder {
        if let path = option ?? environment["UM_DATA"].nonEmpty { return DataFolder(path: path) }
        // The XDG specification has relative paths ignored.
        if let share = environment["XDG_DATA_HOME"], share.hasPrefix("/") {
            return DataFolder(path: share + "/upgrade-manager")
        }
        guard let home = environment["HOME"].nonEmpty else { throw .noHome }
        return DataFolder(path: home + "/.local/share/upgrade-manager")
    }

    /// Written when initialising is complete.
    public var marker: String { path + "/installation.json" }
    /// The database.
    public var database: String { path + "/umd.sqlite3" }
    /// The broker's sessions and retained messages.
    public var broker: String { path + "/broker" }
    /// The release store: one file per executable, named by its SHA-256.
    public var releases: String { path + "/releases" }
    /// The watched folder, unless `--resources` names another.
    public var resources: String { path + "/resources" }
    /// Certificates and their keys.
    public var tls: String { path + "/tls" }
    /// Whoever can open it is the operator.
    public var controlSocket: String { path + "/umd.sock" }
    /// Held by the daemon for as long as it runs.
    public var lock: String { path + "/umd.lock" }

    /// Makes the folder, and what must be in it, where that is missing; everything is for its owner alone.
    ///
    /// - Throws: ``InstallationError/unusable(path:problem:)``.
    public func create() throws(InstallationError) {
        for folder in [path, broker, releases, resources, tls] { try Self.makeFolder(folder) }
        // An existing folder may have been made by hand, with the rights that the umask left.
        guard chmod(path, 0o700) == 0 else { throw .unusable(path: path, problem: systemProblem()) }
    }

    /// Makes a folder with mode 0700 where there is none, and those above it.
    package static func makeFolder(_ path: String) throws(InstallationError) {
        if mkdir(path, 0o700) == 0 { return }
        let parent = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        if errno == ENOENT, parent != path {
            try makeFolder(parent)
            if mkdir(path, 0o700) == 0 { return }
        }
        guard errno == EEXIST else { throw .unusable(path: path, problem: systemProblem()) }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unusable(path: path, problem: systemProblem()) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .unusable(path: path, problem: "it is not a folder") }
    }
}

extension String? {
    fileprivate var nonEmpty: String? { self?.isEmpty == true ? nil : self }
}
