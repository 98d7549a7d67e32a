import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the dashboard shows.
struct DashboardPage {
    /// The page stays small however large the fleet is.
    private static let shownGateways = 100
    private static let shownVersions = 12
    private static let shownDeployments = 10
    private static let shownEvents = 10

    let fields: [String: Any]

    /// - Parameters:
    ///   - services: What is asked.
    ///   - user: Who looks.
    ///   - parameters: Of the address: `company` shows those who see all companies one alone; `cursor` goes on in the list of gateways.
    ///   - resourcesFolder: Where releases are to be dropped.
    /// - Throws: ``DomainError`` for a cursor that no list handed out.
    init(
        services: Services, user: Principal, parameters: [String: String], resourcesFolder: String
    ) async throws {
        let seesAll = try user.scope(for: .viewDashboard) == .everything
        let company = seesAll ? parameters["company"].flatMap { try? CompanyID($0) } : nil
        // One company looks as it does to its own administrators.
        let viewer = company.map { Principal(username: user.username, role: .admin, companyID: $0) } ?? user
        let query = company.map { "&company=\(PercentEncoding.encode($0.rawValue))" } ?? ""
        let summary = try await services.gateways.summary(as: viewer)
        let cursor = try parameters["cursor"].map { text throws(DomainError) in try Cursor(text) }
        let gateways = try await services.gateways.list(
            page: PageRequest(limit: Self.shownGateways, cursor: cursor), as: viewer)
        let releases = try await services.allReleaseBodies(as: viewer)
        let newest = releases.first { $0.state == .available }?.version
        let running = try await services.deployments.running(
            page: PageRequest(limit: Self.shownDeployments), as: viewer)
        let events = try await services.events.latest(page: PageRequest(limit: Self.shownEvents), as: viewer)
        let mayUpgrade = user.may(.orderUpgrades)

        var fields: [String: Any] = [
            "mayAddReleases": user.may(.manageReleases), "resources": resourcesFolder, "seesAll": seesAll,
            "companyFilter": parameters["company"] ?? "", "mayUpgrade": mayUpgrade,
            "seesHistory": user.may(.viewEvents),
            "versions": Self.versions(summary, query), "hasVersions": summary.total > 0,
            "deployments": running.items.map(Self.row), "hasDeployments": !running.items.isEmpty,
            "moreDeployments": running.nextCursor != nil, "runningTotal": running.total,
            "events": events.items.map { EventRow(event: $0).fields }, "hasEvents": !events.items.isEmpty,
            "gateways": gateways.items.map { GatewayRow(gateway: $0, newest: newest).fields },
            "hasGateways": !gateways.items.isEmpty, "releases": releases.map(Self.row),
            "hasReleases": !releases.isEmpty, "isLaterPage": cursor != nil,
        ]
        fields["counts"] = Self.counts(summary, newest: newest).map { count in
            var row: [String: Any] = [
                "name": count.name, "count": count.count, "isTrouble": count.isTrouble && count.count > 0,
            ]
            row["link"] = mayUpgrade ? "/upgrade?\(count.filter)\(query)" : nil
            return row
        }
        fields["nextPage"] = gateways.nextCursor.map { "/?cursor=\($0)\(query)" }
        fields["firstPage"] = company.map { "/?company=\(PercentEncoding.encode($0.rawValue))" } ?? "/"
        self.fields = fields
    }

    private struct Count {
        let name: String
        let count: Int
        /// What the upgrade page is to show.
        let filter: String
        var isTrouble = false
    }

    private static func counts(_ summary: FleetSummary, newest: Version?) -> [Count] {
        func state(_ state: UpgradeState) -> Int { summary.states[state, default: 0] }
        var counts = [
            Count(name: "Gateways", count: summary.total, filter: ""),
            Count(name: "Online", count: summary.online, filter: "online=true"),
        ]
        if let newest {
            let upToDate = summary.versions[newest, default: 0]
            counts.append(Count(name: "Run \(newest), the newest", count: upToDate, filter: "running=\(newest)"))
        }
        if summary.quarantined > 0 {
            counts.append(Count(name: "In quarantine", count: summary.quarantined, filter: "approved=false"))
        }
        return counts + [
            Count(name: "Pending", count: state(.pending), filter: "state=pending"),
            Count(name: "Failed", count: state(.failed), filter: "state=failed", isTrouble: true),
            Count(name: "Timed out", count: state(.timedOut), filter: "state=timedOut", isTrouble: true),
        ]
    }

    /// The bars of the chart: the newest versions first, what is older than the last of them in one bar.
    private static func versions(_ summary: FleetSummary, _ query: String) -> [[String: Any]] {
        let known = summary.versions.compactMap { version, count in version.map { ($0, count) } }.sorted { $0.0 > $1.0 }
        func bar(_ name: String, _ count: Int) -> [String: Any] {
            [
                "name": name, "gateways": Amount.gateways(count),
                "percent": Amount.percent(count, of: summary.total),
            ]
        }
        var bars = known.prefix(shownVersions).map { version, count in
            var row = bar(version.description, count)
            row["filter"] = "running=\(version)\(query)"
            return row
        }
        let older = known.dropFirst(shownVersions).reduce(0) { $0 + $1.1 }
        if older > 0 { bars.append(bar("older", older)) }
        if let silent = summary.versions[nil], silent > 0 { bars.append(bar("not reported", silent)) }
        return bars
    }

    private static func row(_ overview: DeploymentService.Overview) -> [String: Any] {
        let counts = overview.counts
        let settled = counts.total - counts[.pending]
        let parts = UpgradeState.allCases.filter { counts[$0] > 0 }.map { "\(counts[$0]) \($0.words)" }
        return [
            "key": "deployment-\(overview.deployment.id)", "number": overview.deployment.id.description,
            "version": overview.deployment.version.description, "by": overview.deployment.createdBy.visible,
            "time": overview.deployment.createdAt.shown, "settled": settled, "total": counts.total,
            "words": parts.joined(separator: ", "),
        ]
    }

    private static func row(_ release: ReleaseBody) -> [String: Any] {
        [
            "version": release.version.description, "size": Amount.size(Int64(release.size)), "sha256": release.sha256,
            "state": release.state.rawValue, "gateways": release.gateways,
        ]
    }
}
