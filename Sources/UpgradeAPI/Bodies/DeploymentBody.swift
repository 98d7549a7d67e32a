public import UpgradeProtocol

/// An order: this release to these gateways, by this person; as `/deployments` shows it.
public struct DeploymentBody: Codable, Sendable, Equatable {
    /// Its number.
    public var id: Int64
    /// The release that was ordered.
    public var version: Version
    /// The gateways that were meant.
    public var target: DeploymentTargetBody
    /// The user name of who ordered it.
    public var createdBy: String
    /// When it was ordered.
    public var createdAt: RFC3339Time
    /// How many of its upgrades are in which state.
    public var counts: UpgradeCountsBody

    /// A deployment.
    public init(
        id: Int64, version: Version, target: DeploymentTargetBody, createdBy: String, createdAt: RFC3339Time,
        counts: UpgradeCountsBody
    ) {
        self.id = id
        self.version = version
        self.target = target
        self.createdBy = createdBy
        self.createdAt = createdAt
        self.counts = counts
    }
}

/// Body of `POST /deployments`.
public struct DeploymentOrder: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case version, target }

    /// The release to send.
    public var version: Version
    /// The gateways to send it to.
    public var target: DeploymentTargetBody

    /// An order.
    public init(version: Version, target: DeploymentTargetBody) {
        self.version = version
        self.target = target
    }
}

/// How many upgrades of a deployment are in which state.
public struct UpgradeCountsBody: Codable, Sendable, Equatable {
    /// Waiting, being sent, or waiting for the gateway's STATUS.
    public var pending: Int
    /// Confirmed by a STATUS with the target version.
    public var confirmed: Int
    /// Not confirmed within the deadline.
    public var timedOut: Int
    /// Given up.
    public var failed: Int
    /// Cancelled or superseded.
    public var cancelled: Int

    /// Counts per state.
    public init(pending: Int = 0, confirmed: Int = 0, timedOut: Int = 0, failed: Int = 0, cancelled: Int = 0) {
        self.pending = pending
        self.confirmed = confirmed
        self.timedOut = timedOut
        self.failed = failed
        self.cancelled = cancelled
    }

    /// All upgrades of the deployment.
    public var total: Int { pending + confirmed + timedOut + failed + cancelled }
}

extension APIClient {
    /// `GET /deployments`, newest first.
    public func deployments(_ page: PageQuery = PageQuery()) async throws(APIError) -> PageBody<DeploymentBody> {
        try await get(["deployments"], query: page.items)
    }

    /// `POST /deployments`.
    public func order(_ body: DeploymentOrder) async throws(APIError) -> DeploymentBody {
        try await post(["deployments"], body: body)
    }

    /// `GET /deployments/{id}`.
    public func deployment(_ id: Int64) async throws(APIError) -> DeploymentBody {
        try await get(["deployments", String(id)])
    }

    /// `GET /deployments/{id}/gateways`.
    public func upgrades(
        ofDeployment id: Int64, page: PageQuery = PageQuery()
    ) async throws(APIError) -> PageBody<UpgradeBody> {
        try await get(["deployments", String(id), "gateways"], query: page.items)
    }

    /// `POST /deployments/{id}/cancel`: cancels what is still pending.
    public func cancelDeployment(_ id: Int64) async throws(APIError) -> DeploymentBody {
        try await post(["deployments", String(id), "cancel"])
    }
}
