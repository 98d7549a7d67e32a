import GRDB
import UpgradeProtocol

struct CompanyTable {
    let database: Database

    private static let columns = "id, name, registered"

    func find(_ id: CompanyID, in scope: Scope) throws -> Company? {
        guard scope.contains(id) else { return nil }
        return try database.cachedStatement(sql: "SELECT name, registered FROM company WHERE id = ?")
            .one([id.rawValue]) { Company(id: id, name: try $0.value(0), registered: try $0.value(1)) }
    }

    /// By id.
    func list(in scope: Scope, _ request: PageRequest) throws -> Page<Company> {
        var conditions = Conditions()
        if case .company(let own, claims: _) = scope { conditions.require("id = ?", own.rawValue) }
        let list = KeysetList(columns: Self.columns, source: "company", conditions: conditions, key: "id")
        return try database.page(list, request, item: Company.init(row:), cursor: { Cursor(key: $0.id.rawValue) })
    }

    func insert(_ company: Company, at time: Timestamp) throws {
        try database.cachedStatement(
            sql: "INSERT INTO company (id, name, registered, created_at) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [company.id.rawValue, company.name, company.registered, time.milliseconds])
    }

    func update(_ company: Company) throws {
        try database.cachedStatement(sql: "UPDATE company SET name = ?, registered = ? WHERE id = ?")
            .execute(arguments: [company.name, company.registered, company.id.rawValue])
    }
}

extension DatabaseAccess {
    var companies: CompanyTable { CompanyTable(database: database) }
}

extension Transaction {
    /// The company, made as flow 2 of the wire protocol says if it does not exist yet.
    func companyMakingIfAbsent(_ id: CompanyID, by actor: String?, because gateway: GatewayID) throws -> Company {
        if let company = try companies.find(id, in: .everything) { return company }
        let company = Company(id: id, name: "New Company \(id)", registered: false)
        try companies.insert(company, at: time)
        try append(
            EventDraft(
                .companyCreated, by: actor, gateway: gateway, company: id, "\(company.name), for gateway \(gateway)"))
        return company
    }
}

extension Company {
    init(row: Row) throws {
        self.init(id: try row.companyID("id"), name: row["name"], registered: row["registered"])
    }
}
