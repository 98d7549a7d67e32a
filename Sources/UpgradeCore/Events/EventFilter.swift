public import UpgradeProtocol

/// Which events are asked for; nil asks for all.
public struct EventFilter: Sendable, Equatable {
    public var gateway: GatewayID?
    public var company: CompanyID?
    /// Who did it.
    public var user: String?
    public var kinds: Set<EventKind>?
    public var deployment: DeploymentID?
    /// From this time on.
    public var since: Timestamp?
    /// Before this time.
    public var until: Timestamp?

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
