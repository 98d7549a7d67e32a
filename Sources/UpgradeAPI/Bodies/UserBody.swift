public import UpgradeProtocol

/// A person who may log in, as `/users` shows it.
public struct UserBody: Codable, Sendable, Equatable {
    /// The name to log in with.
    public var username: String
    /// The person's name.
    public var name: String
    /// What the person may do.
    public var role: RoleName
    /// The company that the person belongs to.
    public var companyId: CompanyID

    /// A user.
    public init(username: String, name: String, role: RoleName, companyId: CompanyID) {
        self.username = username
        self.name = name
        self.role = role
        self.companyId = companyId
    }
}

/// The three roles.
public enum RoleName: String, Codable, Sendable, CaseIterable {
    /// Everything, everywhere; only in the super company.
    case `super`
    /// Gateways and people of the own company.
    case admin
    /// Looks at the own company's dashboard.
    case user
}

/// Body of `POST /users`.
public struct UserCreation: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case username, name, role, companyId, password }

    /// The name to log in with, unused as yet.
    public var username: String
    /// The person's name; the user name when left out.
    public var name: String?
    /// What the person may do.
    public var role: RoleName
    /// The company that the person belongs to.
    public var companyId: CompanyID
    /// The first password.
    public var password: String

    /// A user to create.
    public init(username: String, name: String? = nil, role: RoleName, companyId: CompanyID, password: String) {
        self.username = username
        self.name = name
        self.role = role
        self.companyId = companyId
        self.password = password
    }
}

/// Body of `PATCH /users/{username}`: what is left out stays.
public struct UserPatch: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case name, role, companyId, password }

    /// The person's name.
    public var name: String?
    /// The new role.
    public var role: RoleName?
    /// The company to move the person to.
    public var companyId: CompanyID?
    /// A new password in place of a forgotten one.
    public var password: String?

    /// A change to a user.
    public init(
        name: String? = nil, role: RoleName? = nil, companyId: CompanyID? = nil, password: String? = nil
    ) {
        self.name = name
        self.role = role
        self.companyId = companyId
        self.password = password
    }
}

extension APIClient {
    /// `GET /users`.
    public func users(_ page: PageQuery = PageQuery()) async throws(APIError) -> PageBody<UserBody> {
        try await get(["users"], query: page.items)
    }

    /// `POST /users`.
    public func createUser(_ body: UserCreation) async throws(APIError) -> UserBody {
        try await post(["users"], body: body)
    }

    /// `GET /users/{username}`.
    public func user(_ username: String) async throws(APIError) -> UserBody {
        try await get(["users", username])
    }

    /// `PATCH /users/{username}`.
    public func updateUser(_ username: String, _ body: UserPatch) async throws(APIError) -> UserBody {
        try await patch(["users", username], body: body)
    }

    /// `DELETE /users/{username}`.
    public func removeUser(_ username: String) async throws(APIError) {
        try await delete(["users", username])
    }
}
