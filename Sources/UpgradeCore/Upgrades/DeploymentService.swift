public import UpgradeProtocol

/// What was ordered and how it goes. Orders are given to, and cancelled by, the engine.
public struct DeploymentService: Sendable {
    private let store: Store

    /// The deployments of `store`.
    public init(store: Store) {
        self.store = store
    }

    /// A deployment, with what became of those of its gateways that the reader may see.
    public struct Overview: Sendable, Equatable {
        /// The order.
        public let deployment: Deployment
        /// How many of its upgrades that the reader may see are in each state.
        public let counts: UpgradeCounts
    }

    /// Upgrades settled in one stretch of time.
    public struct Outcomes: Sendable, Equatable {
        /// Where the stretch starts.
        public let start: Timestamp
        /// How many upgrades were settled in it, by how they ended.
        public let counts: UpgradeCounts
    }

    /// The newest first. `running` asks for those with, or without, pending upgrades of gateways that the reader may see.
    public func list(
        running: Bool? = nil, page: PageRequest, as principal: Principal
    ) async throws -> Page<Overview> {
        let scope = try principal.scope(for: .viewDeployments)
        return try await overviews(running: running, page: page, in: scope)
    }

    /// The running ones, for a dashboard.
    public func running(page: PageRequest, as principal: Principal) async throws -> Page<Overview> {
        let scope = try principal.scope(for: .viewDashboard)
        return try await overviews(running: true, page: page, in: scope)
    }

    /// - Throws: ``DomainError/notFound(_:_:)``, also when none of its gateways may be seen.
    public func find(_ id: DeploymentID, as principal: Principal) async throws -> Overview {
        let scope = try principal.scope(for: .viewDeployments)
        return try await store.read { snapshot in
            guard let deployment = try snapshot.deploymentQueries.find(id, in: scope) else {
                throw DomainError.notFound(.deployment, id.description)
            }
            return Overview(deployment: deployment, counts: try snapshot.deploymentQueries.counts(of: id, in: scope))
        }
    }

    /// How each gateway gets on with a deployment, by gateway.
    ///
    /// - Throws: ``DomainError/notFound(_:_:)``, also when none of its gateways may be seen.
    public func upgrades(
        of id: DeploymentID, state: UpgradeState? = nil, page: PageRequest, as principal: Principal
    ) async throws -> Page<Upgrade> {
        let scope = try principal.scope(for: .viewDeployments)
        return try await store.read { snapshot in
            guard try snapshot.deploymentQueries.find(id, in: scope) != nil else {
                throw DomainError.notFound(.deployment, id.description)
            }
            return try snapshot.deploymentQueries.upgrades(of: id, state: state, in: scope, page)
        }
    }

    /// Everything that was ever ordered for one gateway, the newest first.
    ///
    /// - Throws: ``DomainError/notFound(_:_:)`` for a gateway that may not be seen.
    public func upgrades(
        of gateway: GatewayID, page: PageRequest, as principal: Principal
    ) async throws -> Page<Upgrade> {
        let scope = try principal.scope(for: .viewDeployments)
        return try await store.read { snapshot in
            guard try snapshot.gateways.find(gateway, in: scope) != nil else {
                throw DomainError.notFound(.gateway, gateway.rawValue)
            }
            return try snapshot.deploymentQueries.upgrades(of: gateway, in: scope, page)
        }
    }

    /// The pending upgrades to one version, by gateway: those that fail when its release is removed.
    public func pending(
        to version: Version, page: PageRequest, as principal: Principal
    ) async throws -> Page<Upgrade> {
        let scope = try principal.scope(for: .viewDeployments)
        return try await store.read { snapshot in
            try snapshot.deploymentQueries.upgrades(to: version, state: .pending, in: scope, page)
        }
    }

    /// What was settled from `start` on, in stretches of equal length; for a chart.
    ///
    /// - Parameters:
    ///   - start: where the first stretch starts.
    ///   - length: of a stretch, in milliseconds.
    ///   - count: how many stretches.
    ///   - principal: who asks.
    /// - Returns: `count` stretches, also those in which nothing was settled.
    /// - Throws: ``DomainError/forbidden(_:)``.
    public func outcomes(
        from start: Timestamp, stretch length: Int64, count: Int, as principal: Principal
    ) async throws -> [Outcomes] {
        guard length > 0, (1...1000).contains(count) else {
            throw DomainError.invalid(field: "stretch", problem: "1 to 1000 stretches of at least a millisecond")
        }
        let scope = try principal.scope(for: .viewDashboard)
        let rows = try await store.read {
            try $0.figures.settled(from: start, every: length, count: count, in: scope)
        }
        var counts = Array(repeating: UpgradeCounts(), count: count)
        for row in rows { counts[row.stretch][row.state] = row.count }
        return counts.enumerated().map { index, counts in
            Outcomes(
                start: Timestamp(milliseconds: start.milliseconds &+ length &* Int64(index)), counts: counts)
        }
    }

    private func overviews(running: Bool?, page: PageRequest, in scope: Scope) async throws -> Page<Overview> {
        try await store.read { try $0.deploymentOverviews(running: running, page: page, in: scope) }
    }
}

extension Snapshot {
    func deploymentOverviews(
        running: Bool?, page: PageRequest, in scope: Scope
    ) throws -> Page<DeploymentService.Overview> {
        let queries = deploymentQueries
        return try queries.list(running: running, in: scope, page).map {
            DeploymentService.Overview(deployment: $0, counts: try queries.counts(of: $0.id, in: scope))
        }
    }
}
