public import UpgradeProtocol

/// What the engine knows of a pending upgrade whose gateway is connected, and the database does not: what this connection has said and had.
public struct UpgradeSituation: Hashable, Sendable {
    /// The order that is pending.
    public var deployment: DeploymentID
    /// The version that STATUS named on this connection; nil before the first STATUS.
    public var reported: Version?
    /// Whether it subscribed to a topic that the order may use.
    public var isSubscribed: Bool
    /// Whether everything is ready and it waits for its turn, behind other transfers.
    public var isInLine: Bool
    /// Whether an attempt has not ended yet.
    public var isUnderWay: Bool
    /// Whether this connection has had an attempt: it is not sent another.
    public var hadAttempt: Bool
    /// Before this there is no further attempt; nil when nothing has to be waited for.
    public var nextAttempt: Timestamp?
    /// The attempt that is under way.
    var transfer: TransferID?
    /// The bytes of the release.
    var size: Int64 = 0

    /// What is known of a pending upgrade.
    public init(
        deployment: DeploymentID, reported: Version?, isSubscribed: Bool, isInLine: Bool = false,
        isUnderWay: Bool = false, hadAttempt: Bool = false, nextAttempt: Timestamp? = nil
    ) {
        self.deployment = deployment
        self.reported = reported
        self.isSubscribed = isSubscribed
        self.isInLine = isInLine
        self.isUnderWay = isUnderWay
        self.hadAttempt = hadAttempt
        self.nextAttempt = nextAttempt
    }
}

extension EngineState {
    /// What has become of the gateways that the turn touched; nil for those of which nothing is to be told any more.
    func changedSituations(monotonic: Duration, wall: Timestamp) -> [(GatewayID, UpgradeSituation?)] {
        guard let now = common.clock?.time(at: monotonic) else { return [] }
        return gateways.changedKeys.map { ($0, situation(of: $0, at: now, wall: wall)) }
    }

    private func situation(of id: GatewayID, at now: OperatingTime, wall: Timestamp) -> UpgradeSituation? {
        guard let gateway = gateways[id], let session = gateway.session, let upgrade = gateway.upgrade else {
            return nil
        }
        let wait = upgrade.machine.notBefore.map { $0.milliseconds - now.milliseconds } ?? 0
        var situation = UpgradeSituation(
            deployment: upgrade.deployment, reported: session.reported,
            isSubscribed: common.deployments[upgrade.deployment].flatMap { topic(for: id, session, $0) } != nil,
            isInLine: upgrade.ticket != nil, isUnderWay: upgrade.machine.isUnderWay,
            hadAttempt: upgrade.machine.connection == session.connection,
            nextAttempt: wait > 0 ? Timestamp(milliseconds: wall.milliseconds + wait) : nil)
        situation.transfer = upgrade.machine.isUnderWay ? upgrade.transfer : nil
        situation.size = common.catalogue[upgrade.release]?.size ?? 0
        return situation
    }
}
