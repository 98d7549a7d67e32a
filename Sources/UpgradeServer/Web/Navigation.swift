import UpgradeCore

/// The links in the frame of every page.
enum Navigation {
    private struct Entry {
        let path: String
        let name: String
        /// Who lacks it sees no link.
        let permission: Permission
    }

    /// One line a page, in the order in which they are shown. The profile stands beside the log-out.
    private static let entries = [
        Entry(path: "/", name: "Dashboard", permission: .viewDashboard),
        Entry(path: "/upgrade", name: "Upgrade", permission: .orderUpgrades),
        Entry(path: "/releases", name: "Releases", permission: .viewReleases),
        Entry(path: "/users", name: "Users", permission: .viewUsers),
        Entry(path: "/companies", name: "Companies", permission: .manageCompanies),
        Entry(path: "/events", name: "Events", permission: .viewEvents),
    ]

    /// What the template shows; the link that leads to `path` is marked as the current page.
    static func links(for principal: Principal, at path: String) -> [[String: Any]] {
        entries.filter { principal.may($0.permission) }
            .map { ["path": $0.path, "name": $0.name, "isCurrent": $0.path == path] }
    }
}
