import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/users`: the people who log in.
extension Pages {
    func mountUsers(on router: Router<APIContext>) {
        router.get("/users", use: users)
        router.post("/users", use: createUser)
        router.get("/users/change", use: userPage)
        router.post("/users/change", use: changeUser)
        router.post("/users/password", use: resetPassword)
        router.get("/users/remove", use: userRemovalPage)
        router.post("/users/remove", use: removeUser)
        for path in ["/users", "/users/change", "/users/remove"] as [RouterPath] {
            router.refuseMethods(otherThan: [.get, .post], on: path)
        }
        router.refuseMethods(otherThan: [.post], on: "/users/password")
    }

    private static let userNotices = Notices(
        path: "/users",
        texts: [
            "created": "The user is created.", "changed": "The user is changed.",
            "password": "The password is set; the user's sessions have ended.", "removed": "The user is removed.",
        ])

    @Sendable private func users(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .viewUsers) { caller, parameters in
            try await usersPage(for: caller, parameters)
        }
    }

    @Sendable private func createUser(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageUsers, fields: FormFields(UserForm.fields)) { caller, form in
            do {
                _ = try await services.users.create(try NewUser(form), as: caller.principal)
                return .redirect(to: Self.userNotices.location("created"))
            } catch let error as DomainError {
                let problem = try FormProblem(error, fields: UserForm.fields, conflictField: "username")
                return try await usersPage(for: caller, form: form, problem)
            }
        }
    }

    /// - Parameters:
    ///   - caller: Who looks at it.
    ///   - parameters: Of the query.
    ///   - form: What was typed into the form for a new user.
    ///   - problem: Why that was not done.
    /// - Returns: The page.
    /// - Throws: ``DomainError``.
    private func usersPage(
        for caller: Caller, _ parameters: [String: String] = [:], form: [String: String] = [:],
        _ problem: FormProblem? = nil
    ) async throws -> Response {
        let principal = caller.principal
        let page = try await services.users.list(page: try PageRequest(in: parameters), as: principal)
        var fields = try await UserForm(form, services: services, for: principal).fields
        fields.merge(Paging(page, of: "/users", parameters.filter { $0.key == "cursor" }).fields) { $1 }
        fields.merge(problem?.fields ?? [:]) { $1 }
        fields["users"] = page.items.map { Self.row($0, for: principal) }
        fields["notice"] = Self.userNotices.text(in: parameters)
        return try await html(.users, fields, for: caller, at: "/users", status: problem?.status ?? .ok)
    }

    private static func row(_ user: User, for principal: Principal) -> [String: Any] {
        [
            "username": user.username, "name": user.name, "role": user.role.rawValue,
            "company": user.companyID.rawValue.visible, "isSelf": user.username == principal.username,
            "mayManage": user.mayBeManaged(by: principal), "query": PercentEncoding.encode(user.username),
        ]
    }
}

extension Pages {
    @Sendable private func userPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .manageUsers) { caller, parameters in
            let user = try await managedUser(parameters, by: caller)
            return try await userPage(user, for: caller)
        }
    }

    @Sendable private func changeUser(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageUsers, fields: ["username", "name", "role", "companyId"]) {
            caller, form in
            let user = try await managedUser(form, by: caller)
            do {
                let changes = UserChanges(
                    name: form["name"] ?? "", role: try UserForm.role(form), companyID: try UserForm.company(form))
                _ = try await services.users.update(user.username, changes, as: caller.principal)
                return .redirect(to: Self.userNotices.location("changed"))
            } catch let error as DomainError {
                return try await userPage(
                    user, for: caller, form, problem: try FormProblem(error, fields: UserForm.fields))
            }
        }
    }

    @Sendable private func resetPassword(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageUsers, fields: ["username", "password"]) { caller, form in
            let user = try await managedUser(form, by: caller)
            do {
                let changes = UserChanges(password: form["password"] ?? "")
                _ = try await services.users.update(user.username, changes, as: caller.principal)
                return .redirect(to: Self.userNotices.location("password"))
            } catch let error as DomainError {
                return try await userPage(user, for: caller, problem: try FormProblem(error, fields: ["password"]))
            }
        }
    }

    /// The page of one user; a form that came back shows what was typed into it.
    private func userPage(
        _ user: User, for caller: Caller, _ form: [String: String]? = nil, problem: FormProblem? = nil
    ) async throws -> Response {
        let typed = form ?? ["name": user.name, "role": user.role.rawValue, "companyId": user.companyID.rawValue]
        var fields = try await UserForm(typed, services: services, for: caller.principal).fields
        fields.merge(problem?.fields ?? [:]) { $1 }
        fields["username"] = user.username
        fields["query"] = PercentEncoding.encode(user.username)
        return try await html(.user, fields, for: caller, at: "/users", status: problem?.status ?? .ok)
    }
}

extension Pages {
    @Sendable private func userRemovalPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .manageUsers) { caller, parameters in
            try await userRemovalPage(of: try await managedUser(parameters, by: caller), for: caller)
        }
    }

    @Sendable private func removeUser(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageUsers, fields: ["username"]) { caller, form in
            let user = try await managedUser(form, by: caller)
            do {
                try await services.users.remove(user.username, as: caller.principal)
                return .redirect(to: Self.userNotices.location("removed"))
            } catch let error as DomainError {
                return try await userRemovalPage(of: user, for: caller, try FormProblem(error, fields: []))
            }
        }
    }

    private func userRemovalPage(
        of user: User, for caller: Caller, _ problem: FormProblem? = nil
    ) async throws -> Response {
        var fields: [String: Any] = [
            "username": user.username, "name": user.name, "role": user.role.rawValue,
            "company": user.companyID.rawValue.visible,
        ]
        fields.merge(problem?.fields ?? [:]) { $1 }
        return try await html(.userRemoval, fields, for: caller, at: "/users", status: problem?.status ?? .ok)
    }

    /// The user that a query or a form names, if the caller may change it.
    private func managedUser(_ parameters: [String: String], by caller: Caller) async throws -> User {
        let user = try await services.users.find(parameters["username"] ?? "", as: caller.principal)
        guard user.mayBeManaged(by: caller.principal) else {
            throw DomainError.forbidden(
                user.username == caller.principal.username
                    ? "your own name and password are changed in your profile; your role and company by others"
                    : "only a super user may change the super user \(quoted(user.username))")
        }
        return user
    }
}

extension User {
    /// Whether a link to change it leads anywhere; the service decides anew.
    fileprivate func mayBeManaged(by principal: Principal) -> Bool {
        principal.may(.manageUsers) && username != principal.username
            && (role != .super || principal.role == .super)
    }
}
