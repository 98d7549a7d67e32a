import Hummingbird
import UpgradeAPI
import UpgradeCore

/// `/me`: the caller's own profile.
struct MeRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/me", summary: "Shows who is asking.", permission: .editOwnProfile,
                answer: .object(SchemaName(MeBody.self)), handler: show),
            Route(
                method: .patch, path: "/me", summary: "Changes the own name or password.",
                permission: .editOwnProfile, request: .json(MePatch.self), answer: .object(SchemaName(MeBody.self)),
                handler: change),
        ]
    }

    private func show(_ call: Call) async throws -> Response {
        guard call.principal != .operator else { return try .json(MeBody(operator: call.principal)) }
        return try .json(MeBody(try await services.profiles.find(call.principal)))
    }

    private func change(_ call: Call) async throws -> Response {
        let patch = try await call.body(MePatch.self)
        if call.principal == .operator {
            throw DomainError.conflict("the operator at the control socket has no profile; change a user instead")
        }
        let password: PasswordChange? =
            switch (patch.currentPassword, patch.password) {
            case (nil, nil): nil
            case (let current?, let new?): PasswordChange(current: current, new: new)
            case (nil, _?):
                throw DomainError.invalid(field: "currentPassword", problem: "it must go with a new password")
            case (_?, nil): throw DomainError.invalid(field: "password", problem: "it must go with currentPassword")
            }
        let user = try await services.profiles.update(name: patch.name, password: password, as: call.principal)
        return try .json(MeBody(user))
    }
}

extension MeBody {
    /// A user without a session: no cookie is in play, hence no CSRF token.
    fileprivate init(_ user: User) {
        self.init(
            username: user.username, name: user.name, role: RoleName(user.role), companyId: user.companyID,
            csrfToken: nil, mustChangePassword: user.mustChangePassword)
    }

    /// Who opened the control socket, who is no user.
    fileprivate init(operator principal: Principal) {
        self.init(
            username: principal.username, name: "Operator", role: RoleName(principal.role),
            companyId: principal.companyID, csrfToken: nil, mustChangePassword: false)
    }
}
