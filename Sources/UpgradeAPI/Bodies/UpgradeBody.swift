public import UpgradeProtocol

/// How one gateway gets on with one deployment, as `/deployments/{id}/gateways` shows it.
public struct UpgradeBody: Codable, Sendable, Equatable {
    /// The gateway.
    public var gatewayId: GatewayID
    /// The deployment.
    public var deploymentId: Int64
    /// Where the upgrade stands.
    public var state: UpgradeStateName
    /// How many times it was handed to a connection.
    public var attempts: Int
    /// The version that the gateway had before; nil when it had reported none.
    @Nullable public var fromVersion: Version?
    /// When it was last handed to a connection.
    @Nullable public var sentAt: RFC3339Time?
    /// When the last attempt was delivered.
    @Nullable public var deliveredAt: RFC3339Time?
    /// When it stopped being pending.
    @Nullable public var settledAt: RFC3339Time?
    /// Why it ended as it did, where there is more to say than the state.
    @Nullable public var reason: String?
    /// Bytes of the executable that the gateway's side has acknowledged; left out unless it is on its way now.
    public var bytesSent: Int64?
    /// Bytes of the executable; left out unless it is on its way now.
    public var bytesTotal: Int64?

    /// An upgrade.
    public init(
        gatewayId: GatewayID, deploymentId: Int64, state: UpgradeStateName, attempts: Int, fromVersion: Version?,
        sentAt: RFC3339Time?, deliveredAt: RFC3339Time?, settledAt: RFC3339Time?, reason: String?
    ) {
        self.gatewayId = gatewayId
        self.deploymentId = deploymentId
        self.state = state
        self.attempts = attempts
        self.fromVersion = fromVersion
        self.sentAt = sentAt
        self.deliveredAt = deliveredAt
        self.settledAt = settledAt
        self.reason = reason
    }
}

/// Where an upgrade stands.
public enum UpgradeStateName: String, Codable, Sendable, CaseIterable {
    /// Ordered, and neither confirmed nor given up.
    case pending
    /// The gateway reported the target version.
    case confirmed
    /// The deadline passed.
    case timedOut
    /// It was given up: the gateway said so, three attempts led nowhere, or the release went away.
    case failed
    /// Somebody cancelled it, or a newer order took its place.
    case cancelled
}
