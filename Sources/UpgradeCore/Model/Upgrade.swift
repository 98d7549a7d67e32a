public import UpgradeProtocol

/// How one gateway gets on with one deployment.
public enum UpgradeState: String, Sendable, CaseIterable {
    /// The only live state. A gateway has at most one pending upgrade.
    case pending
    /// The gateway reported the target, whenever that was.
    case confirmed
    /// The deadline passed, after a delivery or without one.
    case timedOut
    /// It was given up: by the gateway, after three deliveries, or because the release is gone.
    case failed
    /// Somebody called it off, a newer order took its place, or the gateway moved on.
    case cancelled
}

/// One gateway's part in one deployment, by the rules of "The life of one upgrade".
public struct Upgrade: Equatable, Sendable {
    /// The order.
    public let deploymentID: DeploymentID
    /// The gateway.
    public let gatewayID: GatewayID
    /// The target.
    public let version: Version
    /// How far it got.
    public var state: UpgradeState
    /// Times the executable was handed to a connection.
    public var attempts: Int
    /// Attempts that arrived as far as MQTT can tell.
    public var deliveredAttempts: Int
    /// What the gateway reported right before the first attempt; only a gateway that still reports it is sent another.
    public var fromVersion: Version?
    /// What the gateway was known to run when the order was given.
    public var versionAtOrder: Version?
    /// When it was ordered.
    public let createdAt: Timestamp
    /// The last attempt.
    public var sentAt: Timestamp?
    /// The last delivered attempt.
    public var deliveredAt: Timestamp?
    /// When it left ``UpgradeState/pending``, or was confirmed late.
    public var settledAt: Timestamp?
    /// Why it ended so; nil while it is pending and when it is confirmed.
    public var reason: String?
    /// The newer order for this gateway that ended this one.
    public var supersededBy: DeploymentID?

    /// An upgrade that was stored.
    public init(
        deploymentID: DeploymentID, gatewayID: GatewayID, version: Version, state: UpgradeState = .pending,
        attempts: Int = 0, deliveredAttempts: Int = 0, fromVersion: Version? = nil,
        versionAtOrder: Version? = nil, createdAt: Timestamp, sentAt: Timestamp? = nil,
        deliveredAt: Timestamp? = nil, settledAt: Timestamp? = nil, reason: String? = nil,
        supersededBy: DeploymentID? = nil
    ) {
        self.deploymentID = deploymentID
        self.gatewayID = gatewayID
        self.version = version
        self.state = state
        self.attempts = attempts
        self.deliveredAttempts = deliveredAttempts
        self.fromVersion = fromVersion
        self.versionAtOrder = versionAtOrder
        self.createdAt = createdAt
        self.sentAt = sentAt
        self.deliveredAt = deliveredAt
        self.settledAt = settledAt
        self.reason = reason
        self.supersededBy = supersededBy
    }
}
