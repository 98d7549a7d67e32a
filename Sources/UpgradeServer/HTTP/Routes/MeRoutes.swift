import Hummingbird
import UpgradeAPI
import UpgradeCore

/// `/me`: the caller's own profile.
struct MeRoutes: RouteGroup {
    let services: Services
    let access: Access

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/me", summary: "Shows who is asking.", permission: .editOwnProfile,
                admission: .loggedIn, answer: .object(SchemaName(MeBody.self)), handler: show),
            Route(
                method: .patch, path: "/me", summary: "Changes the own name or password.",
                permission: .editOwnProfile, admission: .loggedIn, request: .json(MePatch.self),
                answer: .object(SchemaName(MeBody.self)), handler: change),
        ]
    }

    private func show(_ call: Call) async throws -> Response {
        let caller = try call.loggedIn
        guard caller.principal != .operator else { return try .json(MeBody(operator: caller.principal)) }
        let user = try await services.profiles.find(caller.principal)
        return try .json(MeBody(user, csrfToken: caller.session?.csrfToken))
    }

    private func change(_ call: Call) async throws -> Response {
        let patch = try await call.body(MePatch.self)
        let caller = try call.loggedIn
        if caller.principal == .operator {
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
        let user = try await access.updateProfile(
            name: patch.name, password: password, of: caller, from: access.address(of: call.request, call.context))
        return try .json(MeBody(user, csrfToken: caller.session?.csrfToken))
    }
}

extension MeBody {
    /// A user; without a session no cookie is in play, hence no CSRF token.
    init(_ user: User, csrfToken: String?) {
        self.init(
            username: user.username, name: user.name, role: RoleName(user.role), companyId: user.companyID,
            csrfToken: csrfToken, mustChangePassword: user.mustChangePassword)
    }

    /// Who opened the control socket, who is no user.
    fileprivate init(operator principal: Principal) {
        self.init(
            username: principal.username, name: "Operator", role: RoleName(principal.role),
            companyId: principal.companyID, csrfToken: nil, mustChangePassword: false)
    }
}
