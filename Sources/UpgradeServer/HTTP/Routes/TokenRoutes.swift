import Hummingbird
import UpgradeAPI
import UpgradeCore

/// `/tokens`: the caller's own, by which programs act as the caller.
///
/// A program may list and revoke the tokens of its owner, so that it can leave; it cannot make any.
struct TokenRoutes: RouteGroup {
    let services: Services
    let access: Access

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/tokens", summary: "Lists the own tokens.", permission: .manageOwnTokens,
                query: QueryParameter.paging, answer: .page(SchemaName(TokenBody.self)), handler: list),
            Route(
                method: .post, path: "/tokens",
                summary:
                    "Makes a token for a program, good for 90 days or until expiresAt, at most a year; its secret is in this answer alone.",
                permission: .manageOwnTokens, admission: .inPerson, request: .json(TokenCreation.self),
                answer: .object(SchemaName(TokenBody.self), status: .created), handler: create),
            Route(
                method: .delete, path: "/tokens/{id}", summary: "Revokes one of the own tokens.",
                permission: .manageOwnTokens, answer: .nothing, handler: revoke),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let owner = try owner(call)
        let page = try await services.apiTokens.list(page: try call.pageRequest(), as: owner)
        return try .json(PageBody(page) { TokenBody($0) })
    }

    private func create(_ call: Call) async throws -> Response {
        let owner = try owner(call)
        let body = try await call.body(TokenCreation.self)
        let made = try await access.tokens.make(
            name: body.name, expiresAt: body.expiresAt.map(Timestamp.init), as: owner)
        return try .json(TokenBody(made), status: .created)
    }

    private func revoke(_ call: Call) async throws -> Response {
        let owner = try owner(call)
        let text = try call.pathParameter("id")
        guard let id = APIToken.ID(text) else { throw DomainError.notFound(.token, text) }
        try await services.apiTokens.revoke(id, as: owner)
        return .noContent
    }

    /// Whose tokens are meant.
    private func owner(_ call: Call) throws -> Principal {
        let principal = try call.principal
        guard principal != .operator else {
            throw DomainError.conflict(
                "the operator at the control socket needs no tokens; log in as a user to have some")
        }
        return principal
    }
}
