public import UpgradeProtocol

/// The number of a deployment; later ones are greater.
public struct DeploymentID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// As it stands in URLs.
    public let rawValue: Int64

    /// The deployment of this number, whether it exists or not.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The number in decimal.
    public var description: String { String(rawValue) }

    /// Whether a deployment was ordered before another.
    public static func < (left: DeploymentID, right: DeploymentID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What somebody ordered: this release, to these gateways.
public struct Deployment: Equatable, Sendable, Identifiable {
    /// Its number.
    public let id: DeploymentID
    /// The release that was ordered, also after it was removed.
    public let releaseID: ReleaseID
    /// The release's version.
    public let version: Version
    /// Whom the order named.
    public let target: DeploymentTarget
    /// The user, or the operator at the control socket.
    public let createdBy: String
    /// When it was ordered.
    public let createdAt: Timestamp

    /// A deployment that was stored.
    public init(
        id: DeploymentID, releaseID: ReleaseID, version: Version, target: DeploymentTarget, createdBy: String,
        createdAt: Timestamp
    ) {
        self.id = id
        self.releaseID = releaseID
        self.version = version
        self.target = target
        self.createdBy = createdBy
        self.createdAt = createdAt
    }
}

/// Whom an order names. A company's and all gateways are those known when the order is given.
public enum DeploymentTarget: Equatable, Sendable {
    /// These gateways.
    case gateways([GatewayID])
    /// A company's gateways.
    case company(CompanyID)
    /// All gateways that whoever orders may upgrade.
    case all
}

/// How many of a deployment's upgrades are in each state.
public struct UpgradeCounts: Equatable, Sendable {
    private var counts: [UpgradeState: Int] = [:]

    /// No upgrades.
    public init() {}

    /// How many are in this state.
    public subscript(state: UpgradeState) -> Int {
        get { counts[state, default: 0] }
        set { counts[state] = newValue }
    }

    /// Gateways that the deployment includes.
    public var total: Int { counts.values.reduce(0, +) }
}
