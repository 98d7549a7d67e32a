public import UpgradeProtocol

/// What a dashboard shows, in one question.
public struct DashboardService: Sendable {
    private let store: Store
    private let engine: UpgradeEngine?

    /// Gateways and running deployments of each kind that are shown.
    public static let shown = 10
    private static let days = 14
    private static let hours = 24
    private static let hour: Int64 = 3_600_000
    private static let day = 24 * hour

    /// The dashboard of `store`. The engine knows why an upgrade is pending better than the database does.
    public init(store: Store, engine: UpgradeEngine? = nil) {
        self.store = store
        self.engine = engine
    }

    /// The figures of all that the reader may see, or of one company.
    ///
    /// - Parameters:
    ///   - company: nil for everything that the reader may see.
    ///   - principal: who asks.
    ///   - now: where the last day and the last hour end.
    /// - Returns: the figures, all of the same moment.
    /// - Throws: ``DomainError/notFound(_:_:)`` for a company that the reader may not see.
    public func figures(
        company: CompanyID? = nil, as principal: Principal, at now: Timestamp = .now()
    ) async throws -> DashboardFigures {
        let reach = try principal.scope(for: .viewDashboard)
        let engine = engine
        return try await store.read { snapshot in
            var scope = reach
            if let company {
                guard try snapshot.companies.find(company, in: reach) != nil else {
                    throw DomainError.notFound(.company, company.rawValue)
                }
                if reach == .everything { scope = .company(company, claims: true) }
            }
            let (days, hours) = try Self.outcomes(snapshot, in: scope, at: now)
            let running = try PageRequest(limit: Self.shown)
            return DashboardFigures(
                fleet: try snapshot.fleetSummary(GatewayFilter(), in: scope),
                newestRelease: try snapshot.releases.newestAvailable(), days: days, hours: hours,
                running: try snapshot.deploymentOverviews(running: true, page: running, in: scope),
                troubled: try Self.troubled(snapshot, in: scope, at: now, engine))
        }
    }

    private static func outcomes(
        _ snapshot: Snapshot, in scope: Scope, at now: Timestamp
    ) throws -> (days: [DeploymentService.Outcomes], hours: [DeploymentService.Outcomes]) {
        let today = now.milliseconds - now.milliseconds % day
        let thisHour = now.milliseconds - now.milliseconds % hour
        let first = today - Int64(days - 1) * day
        let stretches = Int((thisHour - first) / hour) + 1
        let rows = try snapshot.figures.settled(
            from: Timestamp(milliseconds: first), every: hour, count: stretches, in: scope)
        var byDay = Array(repeating: UpgradeCounts(), count: days)
        var byHour = Array(repeating: UpgradeCounts(), count: hours)
        for row in rows {
            byDay[row.stretch / 24][row.state] += row.count
            let fromTheEnd = stretches - 1 - row.stretch
            if fromTheEnd < hours { byHour[hours - 1 - fromTheEnd][row.state] += row.count }
        }
        func outcomes(_ counts: [UpgradeCounts], from start: Int64, every step: Int64) -> [DeploymentService.Outcomes] {
            counts.enumerated().map { index, counts in
                DeploymentService.Outcomes(
                    start: Timestamp(milliseconds: start + Int64(index) * step), counts: counts)
            }
        }
        return (
            outcomes(byDay, from: first, every: day),
            outcomes(byHour, from: thisHour - Int64(hours - 1) * hour, every: hour)
        )
    }

    /// Of each sort of trouble the latest, in turns, each gateway once.
    private static func troubled(
        _ snapshot: Snapshot, in scope: Scope, at now: Timestamp, _ engine: UpgradeEngine?
    ) throws -> [TroubledGateway] {
        let yesterday = Timestamp(milliseconds: now.milliseconds - day)
        let lists = try FigureQueries.Sign.allCases.map {
            try snapshot.figures.gateways(showing: $0, around: yesterday, in: scope, limit: shown)
        }
        var picked: [Gateway] = []
        var seen: Set<GatewayID> = []
        for place in 0..<shown {
            for list in lists where place < list.count && picked.count < shown {
                if seen.insert(list[place].id).inserted { picked.append(list[place]) }
            }
        }
        return try snapshot.upgradeFacts(about: picked).explained(engine, at: now).map {
            TroubledGateway(
                gateway: $0.gateway,
                concerns: $0.gateway.concerns(badFramesSince: yesterday, absentBefore: yesterday),
                explanation: $0.explanation)
        }
    }
}
