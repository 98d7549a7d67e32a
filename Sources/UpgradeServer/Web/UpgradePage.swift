import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What the upgrade page shows: companies as groups, gateways as rows. Never more than ``shownRows`` of these, however large the fleet is.
struct UpgradePage {
    /// Rows of one page.
    static let shownRows = 100
    /// Rows of one company while several are shown.
    private static let rowsPerGroup = 20
    /// Companies of one page; each costs a few queries.
    private static let shownCompanies = 50

    let fields: [String: Any]

    init(services: Services, query: UpgradeQuery, user: Principal) async throws {
        let releases = try await services.allReleaseBodies(as: user).filter { $0.state == .available }.map(\.version)
        let groups = try await Groups(services: services, query: query, user: user, newest: releases.first)
        let filter = query.filter
        let chosen = query.version.flatMap { releases.contains($0) ? $0 : nil } ?? releases.first
        let seesAll = try user.scope(for: .orderUpgrades) == .everything
        var fields: [String: Any] = [
            "groups": groups.fields, "hasGroups": !groups.fields.isEmpty, "isNarrow": query.isNarrow,
            "releases": releases.map { ["version": $0.description, "isChosen": $0 == chosen] as [String: Any] },
            "hasReleases": !releases.isEmpty, "maySendToAll": seesAll, "seesAll": seesAll,
            "search": filter.search ?? "", "running": filter.version?.description ?? "",
            "companyFilter": filter.company?.rawValue ?? "",
            "states": UpgradeState.allCases.map {
                ["value": $0.rawValue, "name": $0.words, "isChosen": $0 == filter.state] as [String: Any]
            },
            "onlyOnline": filter.online == true, "onlyOffline": filter.online == false,
            "onlyQuarantined": filter.approved == false,
        ]
        fields["nextPage"] = groups.next
        fields["isLaterPage"] = query.cursor != nil
        fields["firstPage"] = query.address()
        if let version = query.version, !releases.contains(version) { fields["missing"] = version.description }
        if let id = query.ordered {
            let overview = try await services.deployments.find(id, as: user)
            fields["ordered"] = [
                "number": id.description, "version": overview.deployment.version.description,
                "gateways": Amount.gateways(overview.counts.total),
            ]
        }
        self.fields = fields
    }

    /// The groups of one page.
    private struct Groups {
        private(set) var fields: [[String: Any]] = []
        /// Where the list goes on, if it does.
        private(set) var next: String?

        private let services: Services
        private let query: UpgradeQuery
        private let user: Principal
        private let newest: Version?
        private var room = UpgradePage.shownRows

        init(services: Services, query: UpgradeQuery, user: Principal, newest: Version?) async throws {
            self.services = services
            self.query = query
            self.user = user
            self.newest = newest
            let isPageOfOne = query.filter.company != nil || query.filter.approved == false
            if query.filter.approved != true { try await addQuarantine(isPageOfOne ? query.cursor : nil) }
            guard query.filter.approved != false else { return }
            if let id = query.filter.company {
                try await addOnly(id)
            } else {
                let companies = try await services.companies.list(
                    page: PageRequest(limit: UpgradePage.shownCompanies, cursor: query.cursor), as: user)
                // Most people have one company: it may fill the page.
                if companies.total == 1, let only = companies.items.first {
                    try await add(only, rows: room, isAlone: true, cursor: nil)
                } else {
                    for company in companies.items {
                        try await add(company, rows: min(room, UpgradePage.rowsPerGroup), isAlone: false, cursor: nil)
                    }
                    next = companies.nextCursor.map { query.address(cursor: $0) }
                }
            }
        }

        private mutating func addQuarantine(_ cursor: Cursor?) async throws {
            var filter = query.filter
            filter.approved = false
            let isPage = query.filter.approved == false
            let page = try await services.gateways.list(
                filter,
                page: PageRequest(
                    limit: isPage ? UpgradePage.shownRows : UpgradePage.rowsPerGroup, cursor: isPage ? cursor : nil),
                as: user)
            guard !page.items.isEmpty else { return }
            var group = try await group(filter, page)
            group["key"] = "quarantine"
            group["isQuarantine"] = true
            if isPage {
                next = page.nextCursor.map { query.address(cursor: $0) }
            } else if page.nextCursor != nil {
                group["all"] = "/upgrade?approved=false"
            }
            fields.append(group)
        }

        private mutating func addOnly(_ id: CompanyID) async throws {
            do {
                let company = try await services.companies.find(id, as: user)
                try await add(company, rows: UpgradePage.shownRows, isAlone: true, cursor: query.cursor)
            } catch DomainError.notFound {
                // There is no such company, or not for this user: nothing is found in it.
            }
        }

        private mutating func add(
            _ company: Company, rows: Int, isAlone: Bool, cursor: Cursor?
        ) async throws {
            var filter = query.filter
            filter.company = company.id
            filter.approved = true
            let page = try await services.gateways.list(
                filter, page: PageRequest(limit: max(rows, 1), cursor: cursor), as: user)
            guard page.total > 0 else { return }
            var shown = page
            if rows < 1 { shown.items = [] }
            room -= shown.items.count
            var group = try await group(filter, shown)
            group["key"] = "company-\(company.id.rawValue)"
            group["company"] = company.id.rawValue
            group["shownCompany"] = company.id.rawValue.visible
            group["companyName"] = company.name.visible
            if isAlone {
                next = page.nextCursor.map { query.address(company: company.id, cursor: $0) }
            } else if shown.items.count < page.total {
                group["all"] = query.address(company: company.id)
            }
            fields.append(group)
        }

        private func group(_ filter: GatewayFilter, _ page: Page<Gateway>) async throws -> [String: Any] {
            let rows = page.items.map { GatewayRow(gateway: $0, newest: newest).fields }
            var group: [String: Any] = [
                "rows": rows, "hasRows": !rows.isEmpty, "gateways": Amount.gateways(page.total), "total": page.total,
            ]
            group["online"] = filter.online == nil ? try await count(filter) { $0.online = true } : nil
            let pending = filter.state == nil ? try await count(filter) { $0.state = .pending } : 0
            group["pending"] = pending > 0 ? pending : nil
            return group
        }

        private func count(_ filter: GatewayFilter, _ narrow: (inout GatewayFilter) -> Void) async throws -> Int {
            var filter = filter
            narrow(&filter)
            return try await services.gateways.list(filter, page: PageRequest(limit: 1), as: user).total
        }
    }
}
