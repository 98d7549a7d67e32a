/// What `POST /session` answers with, beside the session's cookie.
public struct SessionBody: Codable, Sendable, Equatable {
    /// Who logged in.
    public var user: MeBody
    /// What a write with the session's cookie sends as `X-CSRF-Token`.
    public var csrfToken: String

    /// A session that has begun.
    public init(user: MeBody, csrfToken: String) {
        self.user = user
        self.csrfToken = csrfToken
    }
}

/// Body of `POST /session`.
public struct LogInRequest: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case username, password }

    /// The name to log in with.
    public var username: String
    /// The password.
    public var password: String

    /// An attempt to log in.
    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }
}
