public import UpgradeProtocol

/// Which gateways are asked for; nil asks for all.
public struct GatewayFilter: Sendable, Equatable {
    /// Bound to this company, or in quarantine and claiming it.
    public var company: CompanyID?
    /// Reporting one of these versions.
    public var versions: Set<Version>?
    /// Whose newest upgrade is in one of these states.
    public var states: Set<UpgradeState>?
    /// Connected, or not.
    public var online: Bool?
    /// Allowed to connect, or disabled.
    public var enabled: Bool?
    /// Whose id, name or address contains this text; upper and lower case of ASCII letters are the same.
    public var search: String?
    /// Bound to a company, or in quarantine.
    public var approved: Bool?
    /// Included in this deployment, whatever was ordered since.
    public var deployment: DeploymentID?

    /// A filter; it lets everything through unless told otherwise.
    public init(
        company: CompanyID? = nil, versions: Set<Version>? = nil, states: Set<UpgradeState>? = nil,
        online: Bool? = nil, enabled: Bool? = nil, search: String? = nil, approved: Bool? = nil,
        deployment: DeploymentID? = nil
    ) {
        self.company = company
        self.versions = versions
        self.states = states
        self.online = online
        self.enabled = enabled
        self.search = search
        self.approved = approved
        self.deployment = deployment
    }
}
