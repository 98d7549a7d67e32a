/// Finds out who logs in, and whether that still holds later.
public struct LogInService: Sendable {
    private let store: Store
    private let hasher: PasswordHasher

    /// Log-ins of the users of `store`.
    public init(store: Store, hasher: PasswordHasher) {
        self.store = store
        self.hasher = hasher
    }

    /// The account whose name and password these are; nil if there is none, as for a user whom nobody gave a password yet.
    ///
    /// Takes as long for a name that nobody has.
    ///
    /// - Throws: ``DomainError``, ``CryptoError``.
    public func logIn(username: String, password: String) async throws -> Account? {
        let (user, hash) = try await store.read { snapshot in
            (try snapshot.users.find(username, in: .everything), try snapshot.users.passwordHash(of: username))
        }
        guard try await hasher.verify(password, against: hash), let user else { return nil }
        return try Account(user: user, passwordHash: hash)
    }

    /// The account as it is now; nil when there is none of that name.
    ///
    /// - Throws: ``DomainError``, ``CryptoError``.
    public func account(of username: String) async throws -> Account? {
        try await store.read { snapshot in
            guard let user = try snapshot.users.find(username, in: .everything) else { return nil }
            return try Account(user: user, passwordHash: snapshot.users.passwordHash(of: username))
        }
    }

    /// The name under which failures to log in as `username` are counted: the same for all spellings of one user's name, and short.
    public static func countedName(of username: String) -> String {
        let bytes = username.utf8.prefix(TextRules.usernameLength).map { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
