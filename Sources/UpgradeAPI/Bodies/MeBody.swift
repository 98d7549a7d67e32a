public import UpgradeProtocol

/// The person who is asking, as `/me` shows it.
public struct MeBody: Codable, Sendable, Equatable {
    /// The name to log in with.
    public var username: String
    /// The person's name.
    public var name: String
    /// What the person may do.
    public var role: RoleName
    /// The company that the person belongs to.
    public var companyId: CompanyID
    /// What a write with the session's cookie sends as `X-CSRF-Token`; nil when no cookie is in play.
    @Nullable public var csrfToken: String?
    /// Whether nothing else works until the password is changed.
    public var mustChangePassword: Bool

    /// The person who is asking.
    public init(
        username: String, name: String, role: RoleName, companyId: CompanyID, csrfToken: String?,
        mustChangePassword: Bool
    ) {
        self.username = username
        self.name = name
        self.role = role
        self.companyId = companyId
        self.csrfToken = csrfToken
        self.mustChangePassword = mustChangePassword
    }
}

/// Body of `PATCH /me`: what is left out stays.
public struct MePatch: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case name, password, currentPassword }

    /// The person's name.
    public var name: String?
    /// The new password; needs ``currentPassword``.
    public var password: String?
    /// The password in force.
    public var currentPassword: String?

    /// A change to the own profile.
    public init(name: String? = nil, password: String? = nil, currentPassword: String? = nil) {
        self.name = name
        self.password = password
        self.currentPassword = currentPassword
    }
}

extension APIClient {
    /// `GET /me`.
    public func me() async throws(APIError) -> MeBody {
        try await get(["me"])
    }

    /// `PATCH /me`.
    public func updateMe(_ body: MePatch) async throws(APIError) -> MeBody {
        try await patch(["me"], body: body)
    }
}
