public import UpgradeProtocol

/// All that a dashboard shows in numbers, as it was at one moment.
public struct DashboardFigures: Sendable {
    /// The gateways: how many, online, quarantined, by version, by state of the last upgrade.
    public let fleet: FleetSummary
    /// The newest release that may be sent; nil when there is none.
    public let newestRelease: Version?
    /// What was settled on each of the last 14 days in UTC, the running one last.
    public let days: [DeploymentService.Outcomes]
    /// What was settled in each of the last 24 hours of the clock, the running one last.
    public let hours: [DeploymentService.Outcomes]
    /// The newest of the running deployments, with the counts of the gateways that the reader may see.
    public let running: Page<DeploymentService.Overview>
    /// Gateways that need a look.
    public let troubled: [TroubledGateway]

    /// How many gateways report the newest release.
    public var upToDate: Int { newestRelease.map { fleet.versions[$0, default: 0] } ?? 0 }
}
