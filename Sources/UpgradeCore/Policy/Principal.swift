public import UpgradeProtocol

/// Somebody who acts: every service takes one and asks it for its ``Scope``.
public struct Principal: Equatable, Sendable {
    /// The name that events and deployments keep.
    public let username: String
    /// What they may do.
    public let role: Role
    /// Whose objects they may do it to, unless the role reaches further.
    public let companyID: CompanyID

    /// Somebody who acts.
    public init(username: String, role: Role, companyID: CompanyID) {
        self.username = username
        self.role = role
        self.companyID = companyID
    }

    /// A user who acts.
    public init(_ user: User) {
        self.init(username: user.username, role: user.role, companyID: user.companyID)
    }

    /// The name of whoever opens the control socket; no user can have it.
    public static let operatorName = "operator"

    /// Whoever opens the control socket: acts as a super user without being one of the users.
    public static let `operator` = Principal(username: operatorName, role: .super, companyID: .superCompany)

    /// Whether the role has the permission at all, on whatever objects.
    public func may(_ permission: Permission) -> Bool {
        Policy.reach(of: role, for: permission) != .nothing
    }

    /// The data that this permission opens.
    ///
    /// - Throws: ``DomainError/forbidden(_:)`` when the role lacks the permission.
    public func scope(for permission: Permission) throws(DomainError) -> Scope {
        switch Policy.reach(of: role, for: permission) {
        case .nothing: throw .forbidden("the role \(role.rawValue) may not \(permission.refusal)")
        case .ownCompany: .company(companyID, claims: false)
        case .ownCompanyAndClaims: .company(companyID, claims: true)
        case .everything: .everything
        }
    }
}
