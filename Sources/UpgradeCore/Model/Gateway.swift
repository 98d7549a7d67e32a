public import UpgradeProtocol

/// A gateway as it is known: what it reports, what people say of it, and how it gets on with its last order.
public struct Gateway: Equatable, Sendable, Identifiable {
    public let id: GatewayID
    /// The company it is bound to; nil while it is quarantined.
    public var companyID: CompanyID?
    /// The company that its last STATUS named. A claim: while `companyID` is nil, that company's administrators may approve it.
    public var claimedCompanyID: CompanyID?
    public var name: String
    public var address: String?
    /// Degrees north, −90 to 90.
    public var latitude: Double?
    /// Degrees east, −180 to 180.
    public var longitude: Double?
    public var enabled: Bool
    /// As reported by its last accepted STATUS.
    public var version: Version?
    /// The time of the last upgrade by the gateway's own clock.
    public var lastUpgrade: Timestamp?
    public var online: Bool
    public var lastSeen: Timestamp?
    /// Frames and messages refused since the gateway is known.
    public var badFrames: Int64
    /// How the newest deployment that includes this gateway went; nil when nothing was ever ordered.
    public var lastUpgradeOrder: LastUpgrade?

    /// Bound to a company, hence let in and upgraded.
    public var approved: Bool { companyID != nil }

    /// What the fleet's overview shows of a gateway's newest upgrade.
    public struct LastUpgrade: Equatable, Sendable {
        public var deploymentID: DeploymentID
        public var state: UpgradeState
        public var targetVersion: Version
        public var reason: String?

        public init(
            deploymentID: DeploymentID, state: UpgradeState, targetVersion: Version, reason: String?
        ) {
            self.deploymentID = deploymentID
            self.state = state
            self.targetVersion = targetVersion
            self.reason = reason
        }
    }
}
