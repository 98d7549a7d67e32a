import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the dashboard shows.
struct DashboardPage {
    /// The page stays small however large the fleet is.
    private static let shownGateways = 200

    let fields: [String: Any]

    init(services: Services, user: Principal, resourcesFolder: String) async throws {
        let summary = try await services.gateways.summary(as: user)
        let gateways = try await services.gateways.list(page: PageRequest(limit: Self.shownGateways), as: user)
        let releases = try await services.allReleaseBodies(as: user)
        let troubled = summary.states[.failed, default: 0] + summary.states[.timedOut, default: 0]
        fields = [
            "mayAddReleases": user.may(.manageReleases), "resources": resourcesFolder, "total": summary.total,
            "online": summary.online, "quarantined": summary.quarantined,
            "hasQuarantined": summary.quarantined > 0, "pending": summary.states[.pending, default: 0],
            "troubled": troubled,
            "hasTroubled": troubled > 0, "gateways": gateways.items.map(Self.row),
            "hasGateways": !gateways.items.isEmpty, "hasMore": gateways.nextCursor != nil,
            "shown": gateways.items.count, "releases": releases.map(Self.row), "hasReleases": !releases.isEmpty,
        ]
    }

    private static func row(_ gateway: Gateway) -> [String: Any] {
        var row: [String: Any] = [
            "id": gateway.id.rawValue, "name": gateway.name, "company": gateway.companyID?.rawValue ?? "quarantined",
            "isBound": gateway.companyID != nil,
            "presence": gateway.online ? "online" : "offline", "version": gateway.version?.description ?? "",
        ]
        // A section whose value is missing is left out of the page.
        row["upgrade"] = gateway.lastUpgradeOrder.map(Self.upgrade)
        return row
    }

    private static func upgrade(_ last: Gateway.LastUpgrade) -> [String: Any] {
        let state = last.state == .timedOut ? "timed out" : last.state.rawValue
        var upgrade: [String: Any] = ["state": last.state.rawValue, "text": "\(state) \(last.targetVersion)"]
        upgrade["reason"] = last.reason
        return upgrade
    }

    private static func row(_ release: ReleaseBody) -> [String: Any] {
        [
            "version": release.version.description, "size": Self.size(release.size), "sha256": release.sha256,
            "state": release.state.rawValue, "gateways": release.gateways,
        ]
    }

    /// Bytes for people: `3 B`, `2.9 MiB`.
    private static func size(_ bytes: Int) -> String {
        let units = [(1 << 20, "MiB"), (1 << 10, "KiB")]
        guard let (size, name) = units.first(where: { bytes >= $0.0 }) else { return "\(bytes) B" }
        let tenths = (bytes * 10 + size / 2) / size
        return "\(tenths / 10).\(tenths % 10) \(name)"
    }
}
