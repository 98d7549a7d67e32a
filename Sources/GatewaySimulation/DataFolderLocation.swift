/// Where a daemon on this machine keeps its authority's certificate: the same rule as the daemon's own, without its modules.
enum DataFolderLocation {
    /// `tls/ca.crt` in the folder of `--data`, else `UM_DATA`, else `upgrade-manager` in `XDG_DATA_HOME` or `~/.local/share`.
    static func authority(option: String?, environment: [String: String]) -> String {
        folder(option, environment) + "/tls/ca.crt"
    }

    private static func folder(_ option: String?, _ environment: [String: String]) -> String {
        if let folder = option ?? environment["UM_DATA"], !folder.isEmpty { return folder }
        // The XDG specification has relative paths ignored.
        if let share = environment["XDG_DATA_HOME"], share.hasPrefix("/") { return share + "/upgrade-manager" }
        return (environment["HOME"] ?? "") + "/.local/share/upgrade-manager"
    }
}
