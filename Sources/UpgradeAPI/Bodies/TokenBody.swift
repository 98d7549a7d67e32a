/// What a program shows to act as a user, as `/tokens` shows it.
public struct TokenBody: Codable, Sendable, Equatable {
    /// Its number.
    public var id: Int64
    /// What its owner calls it.
    public var name: String
    /// From when on it is worth nothing.
    public var expiresAt: RFC3339Time
    /// What is sent as `Authorization: Bearer`: in the answer to `POST` alone.
    public var token: String?

    /// A token.
    public init(id: Int64, name: String, expiresAt: RFC3339Time, token: String? = nil) {
        self.id = id
        self.name = name
        self.expiresAt = expiresAt
        self.token = token
    }
}

/// Body of `POST /tokens`.
public struct TokenCreation: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case name, expiresAt }

    /// What the token is for; need not be unique.
    public var name: String
    /// When it is to end, at most in a year; in 90 days when left out.
    public var expiresAt: RFC3339Time?

    /// A token to make.
    public init(name: String, expiresAt: RFC3339Time? = nil) {
        self.name = name
        self.expiresAt = expiresAt
    }
}

extension APIClient {
    /// `GET /tokens`.
    public func tokens(_ page: PageQuery = PageQuery()) async throws(APIError) -> PageBody<TokenBody> {
        try await get(["tokens"], query: page.items)
    }

    /// `POST /tokens`.
    public func makeToken(_ body: TokenCreation) async throws(APIError) -> TokenBody {
        try await post(["tokens"], body: body)
    }

    /// `DELETE /tokens/{id}`.
    public func revokeToken(_ id: Int64) async throws(APIError) {
        try await delete(["tokens", String(id)])
    }
}
