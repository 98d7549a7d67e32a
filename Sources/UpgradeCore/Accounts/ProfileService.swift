/// What everybody does with the own account: log in, and change the own name and password.
public struct ProfileService: Sendable {
    private let store: Store
    private let hasher: PasswordHasher

    /// The profiles of the users of `store`.
    public init(store: Store, hasher: PasswordHasher) {
        self.store = store
        self.hasher = hasher
    }

    /// The user whose name and password these are; nil if there is none. Takes as long for a name that nobody has.
    public func authenticate(username: String, password: String) async throws -> User? {
        let (user, hash) = try await store.read { snapshot in
            (try snapshot.users.find(username, in: .everything), try snapshot.users.passwordHash(of: username))
        }
        return try await hasher.verify(password, against: hash) ? user : nil
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
    /// - Returns: the user as it is now.
    /// - Throws: ``DomainError``: ``DomainError/invalid(field:problem:)`` when the present password is another one.
    public func update(
        name: String? = nil, password: PasswordChange? = nil, as principal: Principal
    ) async throws -> User {
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
            return user
        }
    }

    private func hashes(
        for change: PasswordChange, of principal: Principal
    ) async throws -> (old: String?, new: String) {
        try TextRules.password(change.new)
        let old = try await store.read { try $0.users.passwordHash(of: principal.username) }
        guard try await hasher.verify(change.current, against: old) else {
            throw DomainError.invalid(field: "currentPassword", problem: "it is not the password in force")
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
