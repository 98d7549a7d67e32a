import Hummingbird
import UpgradeAPI
import UpgradeCore

/// `/companies`: whom gateways and users belong to.
struct CompanyRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/companies", summary: "Lists companies by id.", permission: .viewCompanies,
                query: QueryParameter.paging, answer: .page(SchemaName(CompanyBody.self)), handler: list),
            Route(
                method: .post, path: "/companies", summary: "Creates a company.", permission: .manageCompanies,
                request: .json(CompanyCreation.self), answer: .object(SchemaName(CompanyBody.self), status: .created),
                handler: create),
            Route(
                method: .patch, path: "/companies/{id}", summary: "Renames or registers a company.",
                permission: .manageCompanies, request: .json(CompanyPatch.self),
                answer: .object(SchemaName(CompanyBody.self)), handler: change),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let page = try await services.companies.list(page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page, CompanyBody.init))
    }

    private func create(_ call: Call) async throws -> Response {
        let body = try await call.body(CompanyCreation.self)
        var company = try await services.companies.create(body.id, name: body.name, as: call.principal)
        if body.registered == true {
            company = try await services.companies.update(company.id, registered: true, as: call.principal)
        }
        return try .json(CompanyBody(company), status: .created)
    }

    private func change(_ call: Call) async throws -> Response {
        let patch = try await call.body(CompanyPatch.self)
        let company = try await services.companies.update(
            try call.companyID(), name: patch.name, registered: patch.registered, as: call.principal)
        return try .json(CompanyBody(company))
    }
}
