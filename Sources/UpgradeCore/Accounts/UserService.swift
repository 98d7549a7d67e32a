import UpgradeProtocol

/// The people who log in, as those see and manage them who may.
public struct UserService: Sendable {
    private let store: Store
    private let hasher: PasswordHasher

    /// The users of `store`; `hasher` hashes the passwords that they are given.
    public init(store: Store, hasher: PasswordHasher) {
        self.store = store
        self.hasher = hasher
    }

    /// By user name.
    public func list(page: PageRequest, as principal: Principal) async throws -> Page<User> {
        let scope = try principal.scope(for: .viewUsers)
        return try await store.read { try $0.users.list(in: scope, page) }
    }

    /// - Throws: ``DomainError/notFound(_:_:)``.
    public func find(_ username: String, as principal: Principal) async throws -> User {
        let scope = try principal.scope(for: .viewUsers)
        return try await store.read { snapshot in
            guard let user = try snapshot.users.find(username, in: scope) else { throw Self.notFound(username) }
            return user
        }
    }

    /// Makes a user.
    ///
    /// - Parameters:
    ///   - user: a new user name, the role and the company.
    ///   - principal: who makes it, and may give that role in that company.
    /// - Returns: the user.
    /// - Throws: ``DomainError``.
    public func create(_ user: NewUser, as principal: Principal) async throws -> User {
        let scope = try principal.scope(for: .manageUsers)
        try principal.check(mayGive: user.role, in: user.companyID, scope)
        let username = try TextRules.username(user.username)
        let name = try TextRules.name(user.name ?? username)
        if let password = user.password { try TextRules.password(password) }
        let hash: String? = if let password = user.password { try await hasher.hash(password) } else { nil }
        let created = User(
            username: username, name: name, role: user.role, companyID: user.companyID,
            mustChangePassword: user.password == Bootstrap.password)
        try await store.write { transaction in
            if try transaction.users.find(username, in: .everything) != nil {
                throw DomainError.conflict("the user name \(quoted(username)) is taken")
            }
            try transaction.check(created)
            try transaction.users.insert(created, passwordHash: hash, at: transaction.time)
            let detail = "\(username), \(created.role.rawValue) of company \(created.companyID)"
            try transaction.append(
                EventDraft(.userCreated, by: principal.username, company: created.companyID, detail))
        }
        return created
    }

    /// Changes another user.
    ///
    /// - Returns: the user as it is now.
    /// - Throws: ``DomainError``: ``DomainError/conflict(_:)`` when nobody would be left with the role super.
    public func update(
        _ username: String, _ changes: UserChanges, as principal: Principal
    ) async throws -> User {
        let scope = try principal.scope(for: .manageUsers)
        // Who must not change the user is told so before the hash is paid for, and so is a bad value.
        let seen = try await store.read { try Self.managed(username, in: scope, by: principal, $0) }
        try principal.check(
            mayGive: changes.role ?? seen.role, in: changes.companyID ?? seen.companyID, scope)
        let name: String? = if let name = changes.name { try TextRules.name(name) } else { nil }
        if let password = changes.password { try TextRules.password(password) }
        let hash: String? = if let password = changes.password { try await hasher.hash(password) } else { nil }
        return try await store.write { transaction in
            let before = try Self.managed(username, in: scope, by: principal, transaction)
            var user = before
            if let name { user.name = name }
            if let role = changes.role { user.role = role }
            if let company = changes.companyID { user.companyID = company }
            if let password = changes.password { user.mustChangePassword = password == Bootstrap.password }
            try principal.check(mayGive: user.role, in: user.companyID, scope)
            try transaction.check(user)
            try transaction.users.update(user)
            try transaction.checkThatSuperUserIsLeft()
            try transaction.append(changeOf: before, to: user, by: principal)
            if let hash { try transaction.setPassword(hash, of: user, by: principal) }
            return user
        }
    }

    /// Removes another user. What the user did stays in the event log.
    ///
    /// - Throws: ``DomainError``: ``DomainError/conflict(_:)`` when nobody would be left with the role super.
    public func remove(_ username: String, as principal: Principal) async throws {
        let scope = try principal.scope(for: .manageUsers)
        try await store.write { transaction in
            let user = try Self.managed(username, in: scope, by: principal, transaction)
            try transaction.users.delete(user.username)
            try transaction.checkThatSuperUserIsLeft()
            try transaction.append(
                EventDraft(.userRemoved, by: principal.username, company: user.companyID, "\(user.username) removed"))
        }
    }

    /// The first super user by user name: as whom everybody acts where nobody logs in.
    public func firstSuperUser() async throws -> User? {
        try await store.read { try $0.users.firstSuperUser() }
    }

    /// Whether somebody can still log in with the password that every installation starts with.
    public func bootstrapPasswordIsInForce() async throws -> Bool {
        try await store.read { try $0.users.anyHasBootstrapPassword() }
    }

    /// The user, if `principal` may change it: one that the scope contains, not a super user unless one is asking, and
    /// somebody else.
    private static func managed(
        _ username: String, in scope: Scope, by principal: Principal, _ access: some DatabaseAccess
    ) throws -> User {
        guard let user = try access.users.find(username, in: scope) else { throw notFound(username) }
        if user.username == principal.username {
            throw DomainError.forbidden(
                "you may change your own name and password in your profile; role and company are for others to change")
        }
        if user.role == .super, principal.role != .super {
            throw DomainError.forbidden("only a super user may change the super user \(quoted(user.username))")
        }
        return user
    }

    private static func notFound(_ username: String) -> DomainError {
        .notFound(.user, username)
    }
}

extension Principal {
    /// - Throws: ``DomainError/forbidden(_:)`` when the role or the company is not for this principal to give.
    fileprivate func check(mayGive role: Role, in company: CompanyID, _ scope: Scope) throws(DomainError) {
        if role == .super, self.role != .super { throw .forbidden("only a super user may give the role super") }
        if !scope.contains(company) {
            throw .forbidden("the role \(self.role.rawValue) may only manage users of its own company")
        }
    }
}

extension Transaction {
    /// - Throws: ``DomainError/invalid(field:problem:)`` for a company that does not exist or cannot have the role.
    fileprivate func check(_ user: User) throws {
        let company = user.companyID
        if user.role == .super, company != .superCompany {
            throw DomainError.invalid(field: "role", problem: TextRules.superElsewhere(company))
        }
        if try companies.find(company, in: .everything) == nil {
            throw DomainError.invalid(field: "companyId", problem: "there is no company \(quoted(company.rawValue))")
        }
    }

    /// - Throws: ``DomainError/conflict(_:)``, which undoes what this transaction did.
    fileprivate func checkThatSuperUserIsLeft() throws {
        if try users.superUsers() == 0 {
            throw DomainError.conflict("this is the last super user; make another one first")
        }
    }

    fileprivate func append(changeOf before: User, to after: User, by principal: Principal) throws {
        var changes: [String] = []
        if after.name != before.name { changes.append("name \(quoted(after.name))") }
        if after.role != before.role { changes.append("role \(before.role.rawValue) is now \(after.role.rawValue)") }
        if after.companyID != before.companyID {
            changes.append("company \(before.companyID) is now \(after.companyID)")
        }
        guard !changes.isEmpty else { return }
        let detail = "\(after.username): \(changes.joined(separator: "; "))"
        for company in Set([before.companyID, after.companyID]) {
            try append(EventDraft(.userChanged, by: principal.username, company: company, detail))
        }
    }

    /// Gives a user a new password, which ends the user's tokens.
    func setPassword(_ hash: String, of user: User, by principal: Principal) throws {
        try users.setPasswordHash(hash, of: user.username)
        try apiTokens.deleteAll(of: user.username)
        try append(
            EventDraft(
                .passwordChanged, by: principal.username, company: user.companyID, "password of \(user.username)"))
    }
}
