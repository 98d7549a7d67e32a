public import UpgradeProtocol

/// A person who logs in. Passwords are not part of this value.
public struct User: Equatable, Sendable {
    /// Unique without regard to the case of ASCII letters; shown as first written.
    public let username: String
    /// The person's name.
    public var name: String
    /// What the person may do.
    public var role: Role
    /// The company that the person belongs to.
    public var companyID: CompanyID
    /// The password is the one that every installation starts with.
    public var mustChangePassword: Bool

    /// A user.
    public init(
        username: String, name: String, role: Role, companyID: CompanyID, mustChangePassword: Bool
    ) {
        self.username = username
        self.name = name
        self.role = role
        self.companyID = companyID
        self.mustChangePassword = mustChangePassword
    }
}

/// What somebody may do, as ``Policy`` spells it out.
public enum Role: String, Sendable, CaseIterable {
    /// Runs the service. Exists in the super company alone.
    case `super`
    /// Runs one company's gateways and users.
    case admin
    /// Looks at one company's dashboard.
    case user
}
