import HTTPTypes
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the dashboard shows: the figures, what runs, what is the matter and what happened last; and of a fleet that is small, or that the reader
/// sees nowhere else, the gateways.
struct DashboardPage {
    private static let shownGateways = 20
    private static let shownVersions = 12
    private static let shownEvents = 10

    let fields: [String: Any]
    let status: HTTPResponse.Status

    /// - Parameters:
    ///   - services: What is asked.
    ///   - user: Who looks.
    ///   - query: What the address asks for.
    /// - Throws: ``DomainError`` for a cursor that no list handed out.
    init(services: Services, user: Principal, query: DashboardQuery) async throws {
        let seesAll = try user.scope(for: .viewDashboard) == .everything
        var fields: [String: Any] = [
            "seesAll": seesAll, "companyFilter": query.company ?? "", "span": query.span ?? "",
            "mayUpgrade": user.may(.orderUpgrades), "seesHistory": user.may(.viewEvents),
        ]
        if seesAll {
            fields.merge(try await CompanyChoice(services, user, chosen: query.company).fields) { $1 }
        }
        do {
            let company = try query.companyID
            let figures = try await services.dashboard.figures(company: company, as: user)
            fields.merge(Self.fields(of: figures, user, query)) { $1 }
            let events = try await Self.events(services, user, company)
            fields["events"] = events.map { EventRow(event: $0).fields }
            fields["hasEvents"] = !events.isEmpty
            if !user.may(.orderUpgrades) || figures.fleet.total <= Self.shownGateways || query.list.isNarrow {
                fields.merge(try await Self.gateways(services, user, query, seesAll: seesAll)) { $1 }
            }
            fields["isFound"] = true
            status = .ok
        } catch DomainError.notFound(.company, let id) {
            fields["unknownCompany"] = id.visible
            status = .notFound
        }
        self.fields = fields
    }

    private static func events(_ services: Services, _ user: Principal, _ company: CompanyID?) async throws -> [Event] {
        let page = try PageRequest(limit: shownEvents)
        // Who may not read the log sees one company anyway.
        guard let company, user.may(.viewEvents) else {
            return try await services.events.latest(page: page, as: user).items
        }
        return try await services.events.list(EventFilter(company: company), page: page, as: user).items
    }

    private static func fields(
        of figures: DashboardFigures, _ user: Principal, _ query: DashboardQuery
    ) -> [String: Any] {
        let lists = GatewayLists(query, for: user)
        let isByHour = query.span == DashboardQuery.hours
        let chart = UpgradeChart(
            step: isByHour ? .hour : .day, outcomes: isByHour ? figures.hours : figures.days)
        return [
            "counts": FleetCount.all(figures, lists).map(\.fields),
            "summary": summary(figures), "hasFleet": figures.fleet.total > 0, "chart": chart.fields,
            "byDay": query.address(span: nil), "byHour": query.address(span: DashboardQuery.hours),
            "versions": versions(figures, lists), "deployments": figures.running.items.map { row($0, lists) },
            "hasDeployments": !figures.running.items.isEmpty,
            "moreDeployments": figures.running.nextCursor != nil, "runningTotal": figures.running.total,
            "troubled": figures.troubled.map { TroubledRow(troubled: $0).fields },
            "hasTroubled": !figures.troubled.isEmpty,
        ]
    }

    /// The figures in a sentence, for those who hear that they changed.
    private static func summary(_ figures: DashboardFigures) -> String {
        let fleet = figures.fleet
        func state(_ state: UpgradeState) -> Int { fleet.states[state, default: 0] }
        return "\(Amount.gateways(fleet.total)), \(fleet.online) online, \(figures.upToDate) up to date, "
            + "\(state(.pending)) pending, \(state(.failed) + state(.timedOut)) failed or timed out."
    }

    /// The bars of the chart: the newest versions first, what is older than the last of them in one bar.
    private static func versions(_ figures: DashboardFigures, _ lists: GatewayLists) -> [[String: Any]] {
        let fleet = figures.fleet
        let known = fleet.versions.compactMap { version, count in version.map { ($0, count) } }.sorted { $0.0 > $1.0 }
        func bar(_ name: String, _ count: Int) -> [String: Any] {
            let percent = Amount.percent(count, of: fleet.total)
            return ["name": name, "gateways": Amount.gateways(count), "percent": percent]
        }
        var bars = known.prefix(shownVersions).map { version, count in
            var row = bar(version.description, count)
            row["link"] = lists.address("running=\(version)")
            row["isNewest"] = version == figures.newestRelease
            return row
        }
        let older = known.dropFirst(shownVersions).reduce(0) { $0 + $1.1 }
        if older > 0 { bars.append(bar("older", older)) }
        if let silent = fleet.versions[nil], silent > 0 { bars.append(bar("not reported", silent)) }
        return bars
    }

    private static func row(_ overview: DeploymentService.Overview, _ lists: GatewayLists) -> [String: Any] {
        let counts = overview.counts
        let id = overview.deployment.id
        return [
            "key": "deployment-\(id)", "number": id.description, "list": lists.address("order=\(id)"),
            "cancellation": CancellationPage.path(of: id),
            "version": overview.deployment.version.description, "by": overview.deployment.createdBy.visible,
            "time": overview.deployment.createdAt.shown, "settled": counts.total - counts[.pending],
            "total": counts.total, "gateways": Amount.gateways(counts.total), "words": counts.words,
        ]
    }

    /// A part of the list of gateways.
    private static func gateways(
        _ services: Services, _ user: Principal, _ query: DashboardQuery, seesAll: Bool
    ) async throws -> [String: Any] {
        let list = query.list
        var filter = list.filter
        filter.company = try query.companyID
        let page = try await services.gateways.listExplained(
            filter, page: PageRequest(limit: shownGateways, cursor: list.cursor), as: user)
        var fields: [String: Any] = [
            "listsGateways": !page.items.isEmpty || list.cursor != nil || list.isNarrow,
            "isLaterPage": list.cursor != nil, "firstPage": query.address(of: list.at()),
            "hasListed": !page.items.isEmpty, "gatewayTotal": Amount.gateways(page.total), "showsCompany": seesAll,
            "hasPages": page.nextCursor != nil || list.cursor != nil, "everyGateway": query.address(of: UpgradeQuery()),
        ]
        if list.isNarrow { fields["filter"] = list.words }
        fields["gateways"] = page.items.map { listed in
            let gateway = listed.gateway
            var row: [String: Any] = [
                "key": gateway.id.rawValue, "id": gateway.id.rawValue.visible, "name": gateway.name.visible,
                "path": GatewayPage.path(of: gateway.id), "presence": gateway.online ? "online" : "offline",
                "version": gateway.version?.description ?? "", "isBound": gateway.approved,
                "company": gateway.companyID?.rawValue.visible ?? "quarantined",
            ]
            row["upgrade"] = gateway.lastUpgradeOrder.map { last in
                ["state": last.state.rawValue, "text": "\(last.state.words) \(last.targetVersion)"]
            }
            row["why"] = listed.explanation.map(Self.sentence)
            return row
        }
        fields["nextPage"] = page.nextCursor.map { query.address(of: list.at($0)) }
        return fields
    }

    static func sentence(_ explanation: UpgradeExplanation) -> String {
        explanation.sentence(writing: time).visible.sentence
    }

    /// A time within a sentence.
    static func time(_ time: Timestamp) -> String { time.shown["text"] as? String ?? time.rfc3339 }
}

/// What the address of the dashboard asks for.
struct DashboardQuery {
    /// Asks for the last hours in place of days.
    static let hours = "hours"

    /// One company alone.
    let company: String?
    let span: String?
    /// Which gateways are listed, and where their list goes on.
    let list: UpgradeQuery

    /// A field that is empty asks for nothing, as forms send those that were left alone.
    ///
    /// - Throws: a 422 for what is no value of its field.
    init(_ parameters: [String: String]) throws {
        func read(_ name: String) -> String? { parameters[name].flatMap { $0.isEmpty ? nil : $0 } }
        company = read("company")
        span = read("span") == Self.hours ? Self.hours : nil
        list = try UpgradeQuery(parameters.filter { UpgradeQuery.isOfList($0.key) })
    }

    /// - Throws: ``DomainError/notFound(_:_:)`` for what is no company id: it names none.
    var companyID: CompanyID? {
        get throws(DomainError) {
            guard let company else { return nil }
            guard let id = try? CompanyID(company) else { throw .notFound(.company, company) }
            return id
        }
    }

    /// The dashboard of the same company and span, with other gateways or at another place of their list.
    func address(of list: UpgradeQuery) -> String { address("/", span: span, list.text) + "#gateways" }

    /// The same dashboard with another span.
    func address(span: String?) -> String { address("/", span: span, list.text) }

    fileprivate func address(_ path: String, span: String?, _ list: String?) -> String {
        let fields = [
            list, company.map { "company=\(PercentEncoding.encode($0))" },
            span.map { "span=\(PercentEncoding.encode($0))" },
        ]
        let query = fields.compactMap(\.self).filter { !$0.isEmpty }
        return query.isEmpty ? path : "\(path)?\(query.joined(separator: "&"))"
    }
}

/// Where the gateways are listed that a number counts: on the upgrade page, or on the dashboard itself for those who may not see that one.
struct GatewayLists {
    private let query: DashboardQuery
    private let mayUpgrade: Bool

    init(_ query: DashboardQuery, for user: Principal) {
        self.query = query
        mayUpgrade = user.may(.orderUpgrades)
    }

    /// Those that a filter lets through, of the company that the dashboard shows.
    ///
    /// - Parameter filter: as it stands in a query; nil for all.
    /// - Returns: the address.
    func address(_ filter: String? = nil) -> String {
        mayUpgrade
            ? query.address("/upgrade", span: nil, filter) : query.address("/", span: query.span, filter) + "#gateways"
    }
}

/// A gateway that needs a look, as a line of the dashboard.
private struct TroubledRow {
    let troubled: TroubledGateway

    var fields: [String: Any] {
        let gateway = troubled.gateway
        let id = gateway.id.rawValue
        let concerns = troubled.concerns.filter { !isExplained($0) }
            .map { $0.sentence(writing: DashboardPage.time).visible.sentence }
        var row: [String: Any] = [
            "key": "troubled-\(id)", "id": id.visible, "path": GatewayPage.path(of: gateway.id),
            "presence": gateway.online ? "online" : "offline",
            "matters": concerns + [troubled.explanation.map(DashboardPage.sentence)].compactMap(\.self),
        ]
        if gateway.name != id { row["name"] = gateway.name.visible }
        row["company"] = gateway.companyID?.rawValue.visible
        return row
    }

    /// Whether the explanation says the same, and when.
    private func isExplained(_ concern: TroubledGateway.Concern) -> Bool {
        switch (concern, troubled.explanation?.cause) {
        case (.offline, .offline): true
        case (.failing(let last), .ended(let ending)): ending.deployment == last.deploymentID
        case (.failing(let last), .notOrdered(let ending?)): ending.deployment == last.deploymentID
        default: false
        }
    }
}

/// A number that matters, with the gateways that it counts.
private struct FleetCount {
    let key: String
    let name: String
    let count: Int
    /// Where the counted gateways are listed.
    var link: String?
    var note: String?
    /// What the number is made of.
    var parts: [(text: String, link: String?)] = []
    var isTrouble = false

    var fields: [String: Any] {
        var row: [String: Any] = [
            "key": "count-\(key)", "name": name, "count": count, "isTrouble": isTrouble,
            "parts": parts.map { part in
                var fields: [String: Any] = ["text": part.text]
                fields["partLink"] = part.link
                return fields
            },
        ]
        row["link"] = link
        row["note"] = note
        return row
    }

    static func all(_ figures: DashboardFigures, _ lists: GatewayLists) -> [FleetCount] {
        let fleet = figures.fleet
        func link(_ filter: String? = nil) -> String { lists.address(filter) }
        func state(_ state: UpgradeState) -> Int { fleet.states[state, default: 0] }
        func share(_ count: Int) -> String? {
            fleet.total > 0 ? "\(Amount.percent(count, of: fleet.total)) % of them" : nil
        }
        var gateways = FleetCount(key: "gateways", name: "Gateways", count: fleet.total, link: link())
        if fleet.quarantined > 0 {
            gateways.parts = [("\(fleet.quarantined) in quarantine", link("approved=false"))]
        }
        let upToDate =
            if let newest = figures.newestRelease {
                FleetCount(
                    key: "current", name: "Up to date", count: figures.upToDate, link: link("running=\(newest)"),
                    note: "on \(newest), the newest release")
            } else {
                FleetCount(key: "current", name: "Up to date", count: 0, parts: [("no release yet", "/releases")])
            }
        let pending = state(.pending)
        return [
            gateways,
            FleetCount(
                key: "online", name: "Online", count: fleet.online, link: link("online=true"),
                note: share(fleet.online)),
            upToDate,
            FleetCount(
                key: "pending", name: "Pending", count: pending, link: link("state=pending"),
                note: pending > 0
                    ? "in \(figures.running.total) running order\(figures.running.total == 1 ? "" : "s")" : nil),
            trouble(failed: state(.failed), timedOut: state(.timedOut), link),
        ]
    }

    private static func trouble(failed: Int, timedOut: Int, _ link: (String?) -> String) -> FleetCount {
        var count = FleetCount(
            key: "trouble", name: "Failed or timed out", count: failed + timedOut, link: link("state=failed,timedOut"),
            isTrouble: failed + timedOut > 0)
        if failed > 0 { count.parts.append(("\(failed) failed", link("state=failed"))) }
        if timedOut > 0 { count.parts.append(("\(timedOut) timed out", link("state=timedOut"))) }
        return count
    }
}
