public import UpgradeProtocol

/// Which events are asked for; nil asks for all.
public struct EventFilter: Sendable, Equatable {
    /// What happened to this gateway.
    public var gateway: GatewayID?
    /// What this company's event log shows.
    public var company: CompanyID?
    /// Who did it.
    public var user: String?
    /// Only these kinds.
    public var kinds: Set<EventKind>?
    /// What happened in this deployment.
    public var deployment: DeploymentID?
    /// From this time on.
    public var since: Timestamp?
    /// Before this time.
    public var until: Timestamp?

    /// A filter; it lets everything through unless told otherwise.
    public init(
        gateway: GatewayID? = nil, company: CompanyID? = nil, user: String? = nil, kinds: Set<EventKind>? = nil,
        deployment: DeploymentID? = nil, since: Timestamp? = nil, until: Timestamp? = nil
    ) {
        self.gateway = gateway
        self.company = company
        self.user = user
        self.kinds = kinds
        self.deployment = deployment
        self.since = since
        self.until = until
    }
}
