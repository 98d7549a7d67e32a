public import UpgradeProtocol

/// A user to be made.
public struct NewUser: Sendable, Equatable {
    /// The name to log in with, unused as yet.
    public var username: String
    /// The user name if nil.
    public var name: String?
    /// What the user may do.
    public var role: Role
    /// The company that the user belongs to; it exists.
    public var companyID: CompanyID
    /// Without one nobody can log in as this user until one is set.
    public var password: String?

    /// A user to be made.
    public init(username: String, name: String? = nil, role: Role, companyID: CompanyID, password: String?) {
        self.username = username
        self.name = name
        self.role = role
        self.companyID = companyID
        self.password = password
    }
}

/// What is to be different about a user; nil leaves a thing as it is.
public struct UserChanges: Sendable, Equatable {
    /// The person's name.
    public var name: String?
    /// What the user may do from now on.
    public var role: Role?
    /// The company that the user belongs to from now on.
    public var companyID: CompanyID?
    /// A new password in place of a forgotten one.
    public var password: String?

    /// A change to a user.
    public init(name: String? = nil, role: Role? = nil, companyID: CompanyID? = nil, password: String? = nil) {
        self.name = name
        self.role = role
        self.companyID = companyID
        self.password = password
    }
}
