/// What everybody does with the own account: change the own name and password.
public struct ProfileService: Sendable {
    private let store: Store
    private let hasher: PasswordHasher

    /// The field at fault when somebody does not know the own password.
    public static let currentPasswordField = "currentPassword"

    /// The profiles of the users of `store`.
    public init(store: Store, hasher: PasswordHasher) {
        self.store = store
        self.hasher = hasher
    }

    /// The user behind a principal, as it is now.
    ///
    /// - Throws: ``DomainError/notFound(_:_:)`` for the operator, and for a user that was removed meanwhile.
    public func find(_ principal: Principal) async throws -> User {
        _ = try principal.scope(for: .editOwnProfile)
        return try await store.read { try Self.user(of: principal, $0) }
    }

    /// Changes the own name or password; nil leaves it as it is.
    ///
    /// - Parameters:
    ///   - name: the new name.
    ///   - password: the new password, and the one in force so far.
    ///   - principal: whose profile it is.
    /// - Returns: the account as it is now.
    /// - Throws: ``DomainError``: ``DomainError/invalid(field:problem:)`` for ``currentPasswordField`` when the present password is another one.
    public func update(
        name: String? = nil, password: PasswordChange? = nil, as principal: Principal
    ) async throws -> Account {
        _ = try principal.scope(for: .editOwnProfile)
        let name: String? = if let name { try TextRules.name(name) } else { nil }
        let change: (old: String?, new: String)? =
            if let password { try await hashes(for: password, of: principal) } else { nil }
        return try await store.write { transaction in
            var user = try Self.user(of: principal, transaction)
            if let name, name != user.name {
                user.name = name
                try transaction.append(
                    EventDraft(
                        .userChanged, by: principal.username, company: user.companyID,
                        "\(user.username): name \(quoted(name))"))
            }
            if let change, let password {
                guard try transaction.users.passwordHash(of: user.username) == change.old else {
                    throw DomainError.conflict("the password was changed by somebody else meanwhile")
                }
                user.mustChangePassword = password.new == Bootstrap.password
                try transaction.setPassword(change.new, of: user, by: principal)
            }
            try transaction.users.update(user)
            return try Account(
                user: user, passwordHash: change?.new ?? transaction.users.passwordHash(of: user.username))
        }
    }

    private func hashes(
        for change: PasswordChange, of principal: Principal
    ) async throws -> (old: String?, new: String) {
        try TextRules.password(change.new)
        let old = try await store.read { try $0.users.passwordHash(of: principal.username) }
        guard try await hasher.verify(change.current, against: old) else {
            throw DomainError.invalid(field: Self.currentPasswordField, problem: "it is not the password in force")
        }
        return (old, try await hasher.hash(change.new))
    }

    private static func user(of principal: Principal, _ access: some DatabaseAccess) throws -> User {
        guard let user = try access.users.find(principal.username, in: .everything) else {
            throw DomainError.notFound(.user, principal.username)
        }
        return user
    }
}

/// A new password, and proof that whoever sets it knows the old one.
public struct PasswordChange: Sendable {
    /// The password in force.
    public var current: String
    /// The password to be in force from now on.
    public var new: String

    /// A change of the own password.
    public init(current: String, new: String) {
        self.current = current
        self.new = new
    }
}
