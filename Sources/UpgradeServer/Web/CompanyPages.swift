import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/companies`: whom gateways and users belong to.
extension Pages {
    func mountCompanies(on router: Router<APIContext>) {
        router.get("/companies", use: companies)
        router.post("/companies", use: createCompany)
        router.get("/companies/change", use: companyPage)
        router.post("/companies/change", use: changeCompany)
        for path in ["/companies", "/companies/change"] as [RouterPath] {
            router.refuseMethods(otherThan: [.get, .post], on: path)
        }
    }

    private static let companyNotices = Notices(
        path: "/companies", texts: ["created": "The company is added.", "changed": "The company is changed."])

    @Sendable private func companies(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .manageCompanies) { caller, parameters in
            try await companiesPage(for: caller, parameters)
        }
    }

    @Sendable private func createCompany(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageCompanies, fields: ["id", "name", "registered"]) { caller, form in
            do {
                let company = try await services.companies.create(
                    try Self.newCompanyID(form), name: form["name"] ?? "", as: caller.principal)
                if form["registered"] != nil {
                    _ = try await services.companies.update(company.id, registered: true, as: caller.principal)
                }
                return .redirect(to: Self.companyNotices.location("created"))
            } catch let error as DomainError {
                let problem = try FormProblem(error, fields: ["id", "name"], conflictField: "id")
                return try await companiesPage(for: caller, form: form, problem)
            }
        }
    }

    private static func newCompanyID(_ form: [String: String]) throws(DomainError) -> CompanyID {
        do {
            return try CompanyID(form["id"] ?? "")
        } catch {
            throw .invalid(field: "id", problem: "\(error)")
        }
    }

    /// - Parameters:
    ///   - caller: Who looks at it.
    ///   - parameters: Of the query.
    ///   - form: What was typed into the form for a new company.
    ///   - problem: Why that was not done.
    /// - Returns: The page.
    /// - Throws: ``DomainError``.
    private func companiesPage(
        for caller: Caller, _ parameters: [String: String] = [:], form: [String: String] = [:],
        _ problem: FormProblem? = nil
    ) async throws -> Response {
        let page = try await services.companies.list(page: try PageRequest(in: parameters), as: caller.principal)
        var fields = Paging(page, of: "/companies", parameters.filter { $0.key == "cursor" }).fields
        fields.merge(problem?.fields ?? [:]) { $1 }
        fields["companies"] = page.items.map {
            [
                "shownID": $0.id.rawValue.visible, "name": $0.name, "registered": $0.registered,
                "query": PercentEncoding.encode($0.id.rawValue),
            ] as [String: Any]
        }
        fields["typedID"] = form["id"] ?? ""
        fields["typedName"] = form["name"] ?? ""
        fields["typedRegistered"] = form["registered"] != nil
        fields["notice"] = Self.companyNotices.text(in: parameters)
        return try await html(.companies, fields, for: caller, at: "/companies", status: problem?.status ?? .ok)
    }
}

extension Pages {
    @Sendable private func companyPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .manageCompanies) { caller, parameters in
            let company = try await company(parameters, for: caller)
            return try await companyPage(company, name: company.name, registered: company.registered, for: caller)
        }
    }

    @Sendable private func changeCompany(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageCompanies, fields: ["id", "name", "registered"]) { caller, form in
            let company = try await company(form, for: caller)
            let name = form["name"] ?? ""
            let registered = form["registered"] != nil
            do {
                _ = try await services.companies.update(
                    company.id, name: name, registered: registered, as: caller.principal)
                return .redirect(to: Self.companyNotices.location("changed"))
            } catch let error as DomainError {
                return try await companyPage(
                    company, name: name, registered: registered, for: caller,
                    try FormProblem(error, fields: ["name"]))
            }
        }
    }

    private func companyPage(
        _ company: Company, name: String, registered: Bool, for caller: Caller, _ problem: FormProblem? = nil
    ) async throws -> Response {
        var fields: [String: Any] = [
            "id": company.id.rawValue, "shownID": company.id.rawValue.visible, "typedName": name,
            "typedRegistered": registered,
        ]
        fields.merge(problem?.fields ?? [:]) { $1 }
        return try await html(.company, fields, for: caller, at: "/companies", status: problem?.status ?? .ok)
    }

    /// The company that a query or a form names; what is no company id names none.
    private func company(_ parameters: [String: String], for caller: Caller) async throws -> Company {
        let text = parameters["id"] ?? ""
        guard let id = try? CompanyID(text) else { throw DomainError.notFound(.company, text) }
        return try await services.companies.find(id, as: caller.principal)
    }
}
