/// Something that a route or a verb asks leave for. ``Policy`` says who has it.
public enum Permission: Sendable, CaseIterable, Hashable {
    /// The dashboard: gateways, running deployments, the latest events, live.
    case viewDashboard
    case viewGateways
    case viewReleases
    case viewCompanies
    case viewDeployments
    case viewEvents
    case viewUsers
    /// Order and cancel upgrades.
    case orderUpgrades
    /// Rename, locate, approve, enable, disable, enroll, revoke, remove.
    case manageGateways
    /// Bind a gateway to another company.
    case moveGateways
    /// Create, set the role and company of, reset the password of, remove.
    case manageUsers
    /// Create, rename, register.
    case manageCompanies
    /// Add, remove.
    case manageReleases
    /// Plain MQTT accounts for other programs.
    case manageMQTTAccounts
    /// What the whole server counts: `/metrics`.
    case viewMetrics
    /// The own name and password.
    case editOwnProfile
    /// The tokens by which programs act as oneself.
    case manageOwnTokens

    /// What is refused, for a message.
    var refusal: String {
        switch self {
        case .viewDashboard: "see the dashboard"
        case .viewGateways: "see gateways"
        case .viewReleases: "see releases"
        case .viewCompanies: "see companies"
        case .viewDeployments: "see deployments"
        case .viewEvents: "see the event log"
        case .viewUsers: "see users"
        case .orderUpgrades: "upgrade gateways"
        case .manageGateways: "manage gateways"
        case .moveGateways: "move gateways to another company"
        case .manageUsers: "manage users"
        case .manageCompanies: "manage companies"
        case .manageReleases: "add or remove releases"
        case .manageMQTTAccounts: "manage MQTT accounts"
        case .viewMetrics: "see the server's metrics"
        case .editOwnProfile: "edit a profile"
        case .manageOwnTokens: "have API tokens"
        }
    }
}
