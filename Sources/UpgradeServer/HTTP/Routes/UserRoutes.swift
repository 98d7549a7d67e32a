import Hummingbird
import UpgradeAPI
import UpgradeCore

/// `/users`: the people who log in.
struct UserRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/users", summary: "Lists users by user name.", permission: .viewUsers,
                query: QueryParameter.paging, answer: .page(SchemaName(UserBody.self)), handler: list),
            Route(
                method: .post, path: "/users", summary: "Creates a user.", permission: .manageUsers,
                request: .json(UserCreation.self), answer: .object(SchemaName(UserBody.self), status: .created),
                handler: create),
            Route(
                method: .get, path: "/users/{username}", summary: "Shows one user.", permission: .viewUsers,
                answer: .object(SchemaName(UserBody.self)), handler: show),
            Route(
                method: .patch, path: "/users/{username}",
                summary: "Changes another user's name, role, company or password.", permission: .manageUsers,
                request: .json(UserPatch.self), answer: .object(SchemaName(UserBody.self)), handler: change),
            Route(
                method: .delete, path: "/users/{username}", summary: "Removes another user.",
                permission: .manageUsers, answer: .nothing, handler: remove),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let page = try await services.users.list(page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page, UserBody.init))
    }

    private func create(_ call: Call) async throws -> Response {
        let body = try await call.body(UserCreation.self)
        let user = NewUser(
            username: body.username, name: body.name, role: Role(body.role), companyID: body.companyId,
            password: body.password)
        return try .json(UserBody(try await services.users.create(user, as: call.principal)), status: .created)
    }

    private func show(_ call: Call) async throws -> Response {
        try .json(UserBody(try await services.users.find(try call.pathParameter("username"), as: call.principal)))
    }

    private func change(_ call: Call) async throws -> Response {
        let patch = try await call.body(UserPatch.self)
        let changes = UserChanges(
            name: patch.name, role: patch.role.map(Role.init), companyID: patch.companyId, password: patch.password)
        let user = try await services.users.update(
            try call.pathParameter("username"), changes, as: call.principal)
        return try .json(UserBody(user))
    }

    private func remove(_ call: Call) async throws -> Response {
        try await services.users.remove(try call.pathParameter("username"), as: call.principal)
        return .noContent
    }
}
