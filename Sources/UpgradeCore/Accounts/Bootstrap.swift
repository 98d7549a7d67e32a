public import UpgradeProtocol

/// What a fresh database starts with.
public struct Bootstrap: Sendable {
    /// The super user's name unless another one is given.
    public static let username = "super@gushenxing.com"
    /// Known to everybody. Whoever logs in with it has to change it, and until then umd listens on loopback alone.
    static let password = "gushenxing123"

    private let store: Store
    private let hasher: PasswordHasher

    /// Fills `store`; `hasher` hashes the first password.
    public init(store: Store, hasher: PasswordHasher) {
        self.store = store
        self.hasher = hasher
    }

    /// Makes the super company and the first super user.
    ///
    /// - Parameters:
    ///   - username: the user's name, ``username`` if nil.
    ///   - password: the user's password; the well-known one if nil.
    /// - Returns: false, and nothing has changed, if there is a super user already.
    /// - Throws: ``DomainError``.
    @discardableResult
    public func initialise(username: String? = nil, password: String? = nil) async throws -> Bool {
        let username = try TextRules.username(username ?? Self.username)
        let password = password ?? Self.password
        try TextRules.password(password)
        if try await store.read({ try $0.users.superUsers() }) > 0 { return false }
        let hash = try await hasher.hash(password)
        return try await store.write { transaction in
            guard try transaction.users.superUsers() == 0 else { return false }
            try transaction.insertIfAbsent(Company(id: .superCompany, name: "Super", registered: true))
            let user = User(
                username: username, name: username, role: .super, companyID: .superCompany,
                mustChangePassword: password == Self.password)
            try transaction.users.insert(user, passwordHash: hash, at: transaction.time)
            try transaction.append(
                EventDraft(.initialised, company: .superCompany, "super company and super user \(username)"))
            return true
        }
    }

    /// Makes the companies 2 (registered) and 3, those of them that do not exist.
    ///
    /// - Returns: the ids of the companies that were made.
    /// - Throws: ``DomainError``.
    @discardableResult
    public func addSampleCompanies() async throws -> [CompanyID] {
        let samples = [
            Company(id: try CompanyID("2"), name: "Company 2", registered: true),
            Company(id: try CompanyID("3"), name: "Company 3", registered: false),
        ]
        return try await store.write { transaction in
            try samples.filter { try transaction.insertIfAbsent($0) }.map(\.id)
        }
    }
}

extension Transaction {
    /// Whether the company is new.
    @discardableResult
    fileprivate func insertIfAbsent(_ company: Company) throws -> Bool {
        guard try companies.find(company.id, in: .everything) == nil else { return false }
        try companies.insert(company, at: time)
        try append(EventDraft(.companyCreated, company: company.id, "\(company.name) created"))
        return true
    }
}
