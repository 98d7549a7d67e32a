public import UpgradeProtocol

/// The number of a deployment; later ones are greater.
public struct DeploymentID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    public var description: String { String(rawValue) }

    public static func < (left: DeploymentID, right: DeploymentID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What somebody ordered: this release, to these gateways.
public struct Deployment: Equatable, Sendable, Identifiable {
    public let id: DeploymentID
    public let releaseID: ReleaseID
    public let version: Version
    public let target: DeploymentTarget
    /// The user, or the operator at the control socket.
    public let createdBy: String
    public let createdAt: Timestamp

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
    case gateways([GatewayID])
    case company(CompanyID)
    /// All gateways that whoever orders may upgrade.
    case all
}

/// How many of a deployment's upgrades are in each state.
public struct UpgradeCounts: Equatable, Sendable {
    private var counts: [UpgradeState: Int] = [:]

    public init() {}

    public subscript(state: UpgradeState) -> Int {
        get { counts[state, default: 0] }
        set { counts[state] = newValue }
    }

    /// Gateways that the deployment includes.
    public var total: Int { counts.values.reduce(0, +) }
}
