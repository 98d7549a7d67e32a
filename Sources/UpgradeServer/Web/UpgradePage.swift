import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the upgrade page shows: companies as groups, gateways as rows.
struct UpgradePage {
    /// Versions that the select of a row offers; that above the list offers all, and the select leads to them.
    private static let versionsOfRow = 12

    let fields: [String: Any]

    init(services: Services, query: UpgradeQuery, user: Principal) async throws {
        let releases = try await services.allReleaseBodies(as: user).filter { $0.state == .available }.map(\.version)
        let groups = try await UpgradeGroups(services: services, query: query, user: user, newest: releases.first)
        let filter = query.filter
        let chosen = query.version.flatMap { releases.contains($0) ? $0 : nil } ?? releases.first
        let seesAll = try user.scope(for: .orderUpgrades) == .everything
        func options(_ versions: some Sequence<Version>) -> [[String: Any]] {
            versions.map { ["version": $0.description, "isChosen": $0 == chosen] }
        }
        var ofRow = Array(releases.prefix(Self.versionsOfRow))
        if let chosen, !ofRow.contains(chosen) { ofRow.append(chosen) }
        var fields: [String: Any] = [
            "groups": groups.fields, "summary": groups.summary, "hasGroups": !groups.fields.isEmpty,
            "isNarrow": query.isNarrow,
            "releases": options(releases), "versionsOfRow": options(ofRow),
            "hasOlder": ofRow.count < releases.count, "hasReleases": !releases.isEmpty, "seesAll": seesAll,
            "list": query.at(query.cursor).text,
            "search": filter.search ?? "",
            "running": filter.versions?.sorted().map(\.description).joined(separator: ", ") ?? "",
            "companyFilter": filter.company?.rawValue ?? "",
            "states": UpgradeState.allCases.map { state in
                [
                    "field": UpgradeQuery.statePrefix + state.rawValue, "name": state.words,
                    "isChosen": filter.states?.contains(state) == true,
                ] as [String: Any]
            },
            "onlyOnline": filter.online == true, "onlyOffline": filter.online == false,
            "onlyQuarantined": filter.approved == false,
        ]
        if seesAll {
            fields.merge(try await CompanyChoice(services, user, chosen: filter.company?.rawValue).fields) { $1 }
        }
        if query.isNarrow { fields["filter"] = query.words }
        if seesAll, filter.company != nil { fields["allCompanies"] = query.ofAllCompanies.address }
        fields["chosenVersion"] = query.version?.description
        fields["nextPage"] = groups.next
        fields["isLaterPage"] = query.cursor != nil
        fields["firstPage"] = query.at().address
        if let version = query.version, !releases.contains(version) { fields["missing"] = version.description }
        if let id = filter.deployment {
            fields["order"] = id.description
            fields["followed"] = try await Self.followed(id, services: services, user: user)
        }
        if let id = query.ordered { fields["ordered"] = try await Self.notice(of: id, services: services, user: user) }
        self.fields = fields
    }

    /// What is said of an order that was just given.
    static func notice(of id: DeploymentID, services: Services, user: Principal) async throws -> [String: Any] {
        let overview = try await services.deployments.find(id, as: user)
        return [
            "number": id.description, "version": overview.deployment.version.description,
            "gateways": Amount.gateways(overview.counts.total), "list": CancellationPage.list(of: id),
            "cancellation": CancellationPage.path(of: id),
        ]
    }

    /// How the order gets on whose gateways are listed; nil when there is none, or not for this user.
    private static func followed(
        _ id: DeploymentID, services: Services, user: Principal
    ) async throws -> [String: Any]? {
        do {
            let overview = try await services.deployments.find(id, as: user)
            var fields: [String: Any] = [
                "version": overview.deployment.version.description, "by": overview.deployment.createdBy.visible,
                "words": overview.counts.words,
            ]
            if overview.counts[.pending] > 0 { fields["cancellation"] = CancellationPage.path(of: id) }
            return fields
        } catch DomainError.notFound {
            return nil
        }
    }
}

/// The groups of one page. Never more than ``shownRows`` gateways of companies, however large the fleet is.
struct UpgradeGroups {
    /// Rows of one page.
    private static let shownRows = 100
    /// Rows of one company while several are shown, and of the quarantine.
    private static let rowsPerGroup = 20
    /// Companies of one page.
    private static let shownCompanies = 50
    /// What an unfolded row shows; the gateway's page has the rest.
    private static let shownHistory = 10

    private(set) var fields: [[String: Any]] = []
    /// Where the list goes on, if it does.
    private(set) var next: String?
    /// All that the filter lets through, of the groups that are shown.
    private var totals = (gateways: 0, online: 0, pending: 0)

    /// In a sentence, for those who hear that it changed.
    var summary: String {
        "\(Amount.gateways(totals.gateways)), \(totals.online) online, \(totals.pending) pending."
    }

    private let services: Services
    private let query: UpgradeQuery
    private let user: Principal
    private let newest: Version?
    private let transfers: [GatewayID: TransferProgress]

    init(services: Services, query: UpgradeQuery, user: Principal, newest: Version?) async throws {
        self.services = services
        self.query = query
        self.user = user
        self.newest = newest
        transfers = try await services.transfers(as: user)
        if query.filter.approved == false {
            try await addQuarantine(rows: Self.shownRows, cursor: query.cursor)
            return
        }
        // Those in quarantine stand before the first page alone.
        if query.filter.approved == nil, query.cursor == nil {
            try await addQuarantine(rows: Self.rowsPerGroup, cursor: nil)
        }
        if let id = query.filter.company { try await addOnly(id) } else { try await addCompanies() }
    }

    private mutating func addCompanies() async throws {
        let request = try GroupRequest(
            groups: Self.shownCompanies, gateways: Self.shownRows, gatewaysPerGroup: Self.rowsPerGroup,
            cursor: query.cursor)
        let (groups, nextCursor) = try await services.gateways.groups(query.filter, request, as: user)
        // Most people have one company: it may fill the page.
        if query.cursor == nil, nextCursor == nil, groups.count == 1, let only = groups.first {
            try await addOnly(only.company, only.tally)
            return
        }
        for group in groups {
            try await add(
                group.gateways, of: group.company, group.tally,
                all: group.gateways.count < group.tally.total ? query.at(company: group.company.id) : nil)
        }
        next = nextCursor.map { query.at($0).address }
    }

    private mutating func addQuarantine(rows: Int, cursor: Cursor?) async throws {
        var filter = query.filter
        filter.approved = false
        let page = try await services.gateways.listExplained(
            filter, page: PageRequest(limit: rows, cursor: cursor), as: user)
        guard !page.items.isEmpty else { return }
        let tally = try await services.gateways.tally(filter, as: user)
        var group = try await group(page.items, tally)
        group["key"] = "quarantine"
        group["isQuarantine"] = true
        var all = query.at()
        all.filter.approved = false
        if query.filter.approved == false {
            next = page.nextCursor.map { query.at($0).address }
        } else if page.nextCursor != nil {
            group["all"] = all.address
        }
        fields.append(group)
    }

    private mutating func addOnly(_ id: CompanyID) async throws {
        do {
            let company = try await services.companies.find(id, as: user)
            var filter = query.filter
            filter.approved = true
            let tally = try await services.gateways.tally(filter, as: user)
            guard tally.total > 0 else { return }
            try await addOnly(company, tally)
        } catch DomainError.notFound {
            // There is no such company, or not for this user: nothing is found in it.
        }
    }

    private mutating func addOnly(_ company: Company, _ tally: GatewayTally) async throws {
        var filter = query.filter
        filter.company = company.id
        filter.approved = true
        let page = try await services.gateways.listExplained(
            filter, page: PageRequest(limit: Self.shownRows, cursor: query.cursor), as: user)
        try await add(page.items, of: company, tally, all: nil)
        next = page.nextCursor.map { query.at(company: company.id, $0).address }
    }

    private mutating func add(
        _ gateways: [ExplainedGateway], of company: Company, _ tally: GatewayTally, all: UpgradeQuery?
    ) async throws {
        var group = try await group(gateways, tally)
        group["key"] = "company-\(company.id.rawValue)"
        group["company"] = company.id.rawValue
        group["shownCompany"] = company.id.rawValue.visible
        group["companyName"] = company.name.visible
        group["all"] = all?.address
        fields.append(group)
    }

    private mutating func group(_ gateways: [ExplainedGateway], _ tally: GatewayTally) async throws -> [String: Any] {
        totals.gateways += tally.total
        totals.online += tally.online
        totals.pending += tally.pending
        var rows: [[String: Any]] = []
        for gateway in gateways { rows.append(try await row(gateway)) }
        var group: [String: Any] = [
            "rows": rows, "hasRows": !rows.isEmpty, "gateways": Amount.gateways(tally.total), "total": tally.total,
        ]
        // Where the filter says it already, the count says nothing.
        group["online"] = query.filter.online == nil ? tally.online : nil
        group["pending"] = query.filter.states == nil && tally.pending > 0 ? tally.pending : nil
        return group
    }

    private func row(_ explained: ExplainedGateway) async throws -> [String: Any] {
        let id = explained.gateway.id
        var row = GatewayRow(explained, newest: newest, transfer: transfers[id]).fields
        // Without white space, whatever the gateway is called.
        row["historyID"] = "history-\(PercentEncoding.encode(id.rawValue))"
        row["rowID"] = "row-\(PercentEncoding.encode(id.rawValue))"
        row["toggle"] = query.toggling(id).address
        row["unfolded"] = query.isUnfolded(id) ? try await history(of: id) : nil
        return row
    }

    /// The latest of what happened to a gateway; nil when it was removed a moment ago.
    private func history(of id: GatewayID) async throws -> [String: Any]? {
        do {
            let page = try await services.gateways.history(
                of: id, page: PageRequest(limit: Self.shownHistory), as: user)
            return [
                "entries": page.items.map { HistoryRow(entry: $0).fields }, "hasEntries": !page.items.isEmpty,
                "hasMore": page.nextCursor != nil, "entriesInAll": page.total,
            ]
        } catch DomainError.notFound {
            return nil
        }
    }
}
