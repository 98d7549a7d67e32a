/// The tokens by which programs act as a user: each user makes, sees and revokes the own ones.
///
/// A token ends with its time, when it is revoked, with its owner's removal, and when the owner gets a new password, whoever sets it:
/// whoever knew the old one could have made tokens. What it may do is what its owner may at the time.
public struct APITokenService: Sendable {
    private let store: Store

    /// The tokens of the users of `store`.
    public init(store: Store) {
        self.store = store
    }

    /// The own tokens by number, those included whose time is over.
    public func list(page: PageRequest, as principal: Principal) async throws -> Page<APIToken> {
        _ = try principal.scope(for: .manageOwnTokens)
        return try await store.read { try $0.apiTokens.list(of: principal.username, page) }
    }

    /// Makes a token; the owner's tokens whose time is over go.
    ///
    /// - Parameters:
    ///   - name: What its owner is to know it by; not unique.
    ///   - expiresAt: When it ends: in ``APITokenRules/standardLife`` when left out, at most in ``APITokenRules/longestLife``.
    ///   - principal: Whose it is to be: a user, not the operator.
    /// - Returns: The token with its secret, which nobody can ask for again.
    /// - Throws: ``DomainError``.
    public func make(name: String, expiresAt: Timestamp? = nil, as principal: Principal) async throws -> MadeAPIToken {
        _ = try principal.scope(for: .manageOwnTokens)
        let name = try TextRules.name(name)
        let secret = try RandomSecret()
        let token = try await store.write { transaction in
            guard let owner = try transaction.users.find(principal.username, in: .everything) else {
                throw DomainError.notFound(.user, principal.username)
            }
            let end = try APITokenRules.end(expiresAt, from: transaction.time)
            try transaction.apiTokens.deleteExpired(of: owner.username, at: transaction.time)
            guard try transaction.apiTokens.count(of: owner.username) < APITokenRules.tokensPerUser else {
                throw DomainError.conflict(
                    "\(owner.username) has \(APITokenRules.tokensPerUser) tokens already; revoke one that is no longer used"
                )
            }
            let token = try transaction.apiTokens.insert(
                name: name, owner: owner.username, digest: secret.digest, expiresAt: end, at: transaction.time)
            try transaction.append(
                EventDraft(
                    .tokenCreated, by: principal.username, company: owner.companyID,
                    "token \(token.id) of \(owner.username): \(quoted(name))"))
            return token
        }
        return MadeAPIToken(token: token, secret: secret.text, digest: secret.digest)
    }

    /// Ends an own token.
    ///
    /// - Throws: ``DomainError``: ``DomainError/notFound(_:_:)`` also for a token of somebody else.
    public func revoke(_ id: APIToken.ID, as principal: Principal) async throws {
        _ = try principal.scope(for: .manageOwnTokens)
        try await store.write { transaction in
            guard let token = try transaction.apiTokens.find(id),
                let owner = try transaction.users.find(
                    principal.username, in: .everything), token.owner == owner.username
            else { throw DomainError.notFound(.token, "\(id)") }
            try transaction.apiTokens.delete(id)
            try transaction.append(
                EventDraft(
                    .tokenRevoked, by: principal.username, company: owner.companyID,
                    "token \(id) of \(owner.username): \(quoted(token.name))"))
        }
    }

    /// The account that a token acts for, as it is now; nil when the token is no longer there or its time is over.
    ///
    /// - Throws: ``DomainError``, ``CryptoError``.
    public func account(of id: APIToken.ID) async throws -> Account? {
        let now = store.time
        return try await store.read { snapshot in
            guard let token = try snapshot.apiTokens.find(id), now < token.expiresAt,
                let user = try snapshot.users.find(token.owner, in: .everything)
            else { return nil }
            return try Account(user: user, passwordHash: snapshot.users.passwordHash(of: user.username))
        }
    }

    /// Every token whose time is not over, for whoever looks tokens up without asking the database.
    public func all() async throws -> [StoredAPIToken] {
        let now = store.time
        return try await store.read { try $0.apiTokens.all() }.filter { now < $0.token.expiresAt }
    }
}

/// How long tokens live, and how many there may be.
public enum APITokenRules {
    /// How long a token lives when nobody says: 90 days.
    public static let standardLife = Duration.seconds(90 * 86_400)
    /// How long a token may live: a year, be it a leap year.
    public static let longestLife = Duration.seconds(366 * 86_400)
    /// Tokens that one user may have.
    public static let tokensPerUser = 100

    /// When a token ends that is made now.
    static func end(_ wanted: Timestamp?, from now: Timestamp) throws(DomainError) -> Timestamp {
        guard let wanted else { return now.advanced(by: standardLife) }
        guard now < wanted else { throw .invalid(field: "expiresAt", problem: "it is in the past") }
        guard wanted <= now.advanced(by: longestLife) else {
            throw .invalid(field: "expiresAt", problem: "it is more than a year away, and no token lives longer")
        }
        return wanted
    }
}

extension Timestamp {
    fileprivate func advanced(by span: Duration) -> Timestamp {
        Timestamp(milliseconds: milliseconds + span.components.seconds * 1_000)
    }
}
