public import UpgradeProtocol

/// A gateway as it is known: what it reports, what people say of it, and how it gets on with its last order.
public struct Gateway: Equatable, Sendable, Identifiable {
    /// Also its MQTT client id.
    public let id: GatewayID
    /// The company it is bound to; nil while it is quarantined.
    public var companyID: CompanyID?
    /// The company that its last STATUS named. A claim: while `companyID` is nil, that company's administrators may approve it.
    public var claimedCompanyID: CompanyID?
    /// For people.
    public var name: String
    /// Where it stands, as people wrote it.
    public var address: String?
    /// Degrees north, −90 to 90.
    public var latitude: Double?
    /// Degrees east, −180 to 180.
    public var longitude: Double?
    /// Whether it may connect.
    public var enabled: Bool
    /// Whether its id is closed to the fleet's shared secret: it has a secret of its own, or proved itself by a certificate.
    public var enrolled: Bool
    /// As reported by its last accepted STATUS.
    public var version: Version?
    /// The time of the last upgrade by the gateway's own clock.
    public var lastUpgrade: Timestamp?
    /// Whether it is connected.
    public var online: Bool
    /// When it was last heard of.
    public var lastSeen: Timestamp?
    /// Frames and messages refused since the gateway is known.
    public var badFrames: Int64
    /// When the last of them came; nil when none came since that is kept.
    public var lastBadFrame: Timestamp?
    /// How the newest deployment that includes this gateway went; nil when nothing was ever ordered.
    public var lastUpgradeOrder: LastUpgrade?

    /// Bound to a company, hence let in and upgraded.
    public var approved: Bool { companyID != nil }

    /// What the fleet's overview shows of a gateway's newest upgrade.
    public struct LastUpgrade: Equatable, Sendable {
        /// The newest deployment that includes the gateway.
        public var deploymentID: DeploymentID
        /// How far it got.
        public var state: UpgradeState
        /// The version that was ordered.
        public var targetVersion: Version
        /// Why it ended so; nil while it is pending and when it is confirmed.
        public var reason: String?

        /// The newest upgrade of a gateway.
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
