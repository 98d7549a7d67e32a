import UpgradeProtocol

/// The gateways of one company, as a list of several companies shows them.
public struct GatewayGroup: Sendable, Equatable {
    /// Whose they are.
    public let company: Company
    /// All of the company that the filter lets through.
    public let tally: GatewayTally
    /// The first of them, by id; none when those of the groups before filled the list.
    public let gateways: [ExplainedGateway]
}

/// Some gateways in numbers.
public struct GatewayTally: Sendable, Equatable {
    /// All of them.
    public var total = 0
    /// Those that are connected.
    public var online = 0
    /// Those whose newest upgrade is pending.
    public var pending = 0
}

/// Which part of the fleet is asked for by company.
public struct GroupRequest: Sendable, Equatable {
    /// Companies at most.
    public let groups: Int
    /// Gateways at most, of all companies together.
    public let gateways: Int
    /// Gateways at most of each company.
    public let gatewaysPerGroup: Int
    /// Where the page before this one ended, as its `nextCursor` said.
    public let cursor: Cursor?

    /// - Throws: ``DomainError/invalid(field:problem:)`` for more than a page may have.
    public init(
        groups: Int, gateways: Int, gatewaysPerGroup: Int, cursor: Cursor? = nil
    ) throws(DomainError) {
        for limit in [groups, gateways, gatewaysPerGroup] { _ = try PageRequest(limit: limit) }
        self.groups = groups
        self.gateways = gateways
        self.gatewaysPerGroup = gatewaysPerGroup
        self.cursor = cursor
    }
}

extension GatewayService {
    /// The gateways that the filter lets through, by company, without those in quarantine. Companies without any are left out.
    ///
    /// All companies are counted by one query, however many there are.
    ///
    /// - Returns: the groups by company id, and where their list goes on.
    public func groups(
        _ filter: GatewayFilter = GatewayFilter(), _ request: GroupRequest, as principal: Principal
    ) async throws -> (groups: [GatewayGroup], nextCursor: Cursor?) {
        let scope = try principal.scope(for: .viewGateways)
        let after = try request.cursor.map { cursor throws(DomainError) in
            guard let company = try? CompanyID(cursor.key) else {
                throw .invalid(field: "cursor", problem: "\(quoted(cursor.description)) belongs to another list")
            }
            return company
        }
        let (rows, facts) = try await store.read { snapshot in
            let rows = try snapshot.gateways.tallies(filter, in: scope, after: after, limit: request.groups + 1)
            var gateways: [Gateway] = []
            for (company, _) in rows.prefix(request.groups) where gateways.count < request.gateways {
                var filter = filter
                filter.company = company.id
                filter.approved = true
                let limit = min(request.gatewaysPerGroup, request.gateways - gateways.count)
                gateways += try snapshot.gateways.first(limit, filter, in: scope)
            }
            return (rows, try snapshot.upgradeFacts(about: gateways))
        }
        let gateways = Dictionary(grouping: explained(facts), by: \.gateway.companyID)
        let groups = rows.prefix(request.groups).map { company, tally in
            GatewayGroup(company: company, tally: tally, gateways: gateways[company.id] ?? [])
        }
        let hasMore = rows.count > request.groups
        return (groups, hasMore ? groups.last.map { Cursor(key: $0.company.id.rawValue) } : nil)
    }

    /// The gateways that the filter lets through, in numbers.
    public func tally(_ filter: GatewayFilter, as principal: Principal) async throws -> GatewayTally {
        let scope = try principal.scope(for: .viewGateways)
        return try await store.read { try $0.gateways.tally(filter, in: scope) }
    }
}
