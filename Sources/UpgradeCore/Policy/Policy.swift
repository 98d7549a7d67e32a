/// Who may do what to whose objects: the one table that every route, verb and service goes by.
public enum Policy {
    /// How far a role's permission reaches.
    public enum Reach: Sendable {
        /// The role lacks it.
        case nothing
        /// What belongs to the own company.
        case ownCompany
        /// Also the quarantined gateways that claim the own company.
        case ownCompanyAndClaims
        /// What belongs to any company, or to none.
        case everything
    }

    /// How far `role` may go with `permission`.
    public static func reach(of role: Role, for permission: Permission) -> Reach {
        let row = row(permission)
        return switch role {
        case .super: row.super
        case .admin: row.admin
        case .user: row.user
        }
    }

    private typealias Row = (super: Reach, admin: Reach, user: Reach)

    private static func row(_ permission: Permission) -> Row {
        switch permission {
        case .viewDashboard: (.everything, .ownCompanyAndClaims, .ownCompany)
        case .viewGateways: (.everything, .ownCompanyAndClaims, .ownCompany)
        case .viewReleases: (.everything, .everything, .everything)
        case .viewCompanies: (.everything, .ownCompany, .ownCompany)
        case .viewDeployments: (.everything, .ownCompany, .nothing)
        case .viewEvents: (.everything, .ownCompany, .nothing)
        case .viewUsers: (.everything, .ownCompany, .nothing)
        case .orderUpgrades: (.everything, .ownCompany, .nothing)
        case .manageGateways: (.everything, .ownCompanyAndClaims, .nothing)
        case .moveGateways: (.everything, .nothing, .nothing)
        case .manageUsers: (.everything, .ownCompany, .nothing)
        case .manageCompanies: (.everything, .nothing, .nothing)
        case .manageReleases: (.everything, .nothing, .nothing)
        case .manageMQTTAccounts: (.everything, .nothing, .nothing)
        case .viewMetrics: (.everything, .nothing, .nothing)
        case .editOwnProfile: (.everything, .ownCompany, .ownCompany)
        case .manageOwnTokens: (.everything, .ownCompany, .ownCompany)
        }
    }
}
