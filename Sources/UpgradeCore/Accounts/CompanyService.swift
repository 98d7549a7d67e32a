public import UpgradeProtocol

/// The companies that gateways and users belong to.
public struct CompanyService: Sendable {
    private let store: Store

    /// The companies of `store`.
    public init(store: Store) {
        self.store = store
    }

    /// By id; for most people the own company alone.
    public func list(page: PageRequest, as principal: Principal) async throws -> Page<Company> {
        let scope = try principal.scope(for: .viewCompanies)
        return try await store.read { try $0.companies.list(in: scope, page) }
    }

    /// - Throws: ``DomainError/notFound(_:_:)``.
    public func find(_ id: CompanyID, as principal: Principal) async throws -> Company {
        let scope = try principal.scope(for: .viewCompanies)
        return try await store.read { snapshot in
            guard let company = try snapshot.companies.find(id, in: scope) else { throw Self.notFound(id) }
            return company
        }
    }

    /// Makes a company, not registered yet.
    ///
    /// - Throws: ``DomainError/conflict(_:)`` when the id is taken.
    public func create(_ id: CompanyID, name: String, as principal: Principal) async throws -> Company {
        _ = try principal.scope(for: .manageCompanies)
        let company = Company(id: id, name: try TextRules.name(name), registered: false)
        try await store.write { transaction in
            if let other = try transaction.companies.find(id, in: .everything) {
                throw DomainError.conflict(
                    "there is a company \(quoted(id.rawValue)) already, named \(quoted(other.name))")
            }
            try transaction.companies.insert(company, at: transaction.time)
            try transaction.append(
                EventDraft(.companyCreated, by: principal.username, company: id, "\(company.name) created"))
        }
        return company
    }

    /// Renames or registers a company; nil leaves a thing as it is.
    ///
    /// - Returns: the company as it is now.
    /// - Throws: ``DomainError``.
    public func update(
        _ id: CompanyID, name: String? = nil, registered: Bool? = nil, as principal: Principal
    ) async throws -> Company {
        let scope = try principal.scope(for: .manageCompanies)
        let name: String? = if let name { try TextRules.name(name) } else { nil }
        return try await store.write { transaction in
            guard var company = try transaction.companies.find(id, in: scope) else { throw Self.notFound(id) }
            let before = company
            if let name { company.name = name }
            if let registered { company.registered = registered }
            try transaction.companies.update(company)
            if company.name != before.name {
                try transaction.append(
                    EventDraft(
                        .companyRenamed, by: principal.username, company: id,
                        "\(quoted(before.name)) is now \(quoted(company.name))"))
            }
            if company.registered != before.registered {
                try transaction.append(
                    EventDraft(
                        .companyRegistered, by: principal.username, company: id,
                        company.registered ? "registered" : "no longer registered"))
            }
            return company
        }
    }

    private static func notFound(_ id: CompanyID) -> DomainError {
        .notFound(.company, id.rawValue)
    }
}
