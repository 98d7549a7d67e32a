import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore

/// The part of `/profile` by which people let programs act as them.
extension Pages {
    func mountTokens(on router: Router<APIContext>) {
        // The address that the browser shows while the token is on the page, for who comes back to it.
        router.get("/profile/tokens") { _, _ in Response.redirect(to: "/profile") }
        router.post("/profile/tokens", use: makeToken)
        router.get("/profile/tokens/revoke", use: tokenRevocationPage)
        router.post("/profile/tokens/revoke", use: revokeToken)
        for path in ["/profile/tokens", "/profile/tokens/revoke"] as [RouterPath] {
            router.refuseMethods(otherThan: [.get, .post], on: path)
        }
    }

    /// What the profile shows of the tokens.
    ///
    /// - Throws: ``DomainError``.
    func tokenFields(for caller: Caller) async throws -> [String: Any] {
        // Whoever has to change the password first is shown nothing else.
        guard !caller.mustChangePassword else { return [:] }
        let listed = mayHaveTokens(caller) ? try await tokens(of: caller) : []
        let now = Timestamp.now()
        return [
            "showsTokens": true, "hasLogIn": mayHaveTokens(caller), "makesTokens": caller.session != nil,
            "hasTokens": !listed.isEmpty, "tokens": listed.map { Self.row($0, at: now) },
            "choices": TokenForm.choices(chosen: nil),
        ]
    }

    /// Nobody's rights are lent to a program where nobody logs in.
    private func mayHaveTokens(_ caller: Caller) -> Bool { caller.session != nil || caller.token != nil }

    private func tokens(of caller: Caller) async throws -> [APIToken] {
        try await services.apiTokens.list(page: PageRequest(limit: PageRequest.maximumLimit), as: caller.principal)
            .items
    }

    private static func row(_ token: APIToken, at now: Timestamp) -> [String: Any] {
        [
            "id": token.id, "tokenName": token.name.visible, "created": token.createdAt.shown,
            "expires": token.expiresAt.shown, "isOver": token.expiresAt <= now,
        ]
    }

    /// Answers with the page that shows the token, so that it stands in no address; that page is kept nowhere.
    @Sendable private func makeToken(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageOwnTokens, fields: TokenForm.fields) { caller, form in
            try checkMayHaveTokens(caller)
            guard caller.session != nil else { throw Problem.notByToken }
            let user = try await services.profiles.find(caller.principal)
            var fields = ProfilePage(user, of: caller).fields
            var status = HTTPResponse.Status.ok
            do {
                let made = try await access.tokens.make(
                    name: form["tokenName"] ?? "", expiresAt: try TokenForm.end(form, from: .now()),
                    as: caller.principal)
                fields["madeToken"] = [
                    "secret": made.secret, "tokenName": made.token.name.visible,
                    "expires": made.token.expiresAt.shown,
                ]
                fields.merge(try await tokenFields(for: caller)) { $1 }
            } catch let error as DomainError {
                let problem = try FormProblem(TokenForm.naming(error), fields: TokenForm.names)
                status = problem.status
                fields.merge(try await tokenFields(for: caller)) { $1 }
                fields.merge(problem.fields) { $1 }
                fields["typedTokenName"] = form["tokenName"] ?? ""
                fields["choices"] = TokenForm.choices(chosen: form["tokenDays"])
            }
            return try await html(.profile, fields, for: caller, at: "/profile", status: status)
        }
    }

    @Sendable private func tokenRevocationPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .manageOwnTokens) { caller, parameters in
            try checkMayHaveTokens(caller)
            let id = try Self.tokenID(parameters)
            guard let token = try await tokens(of: caller).first(where: { $0.id == id }) else {
                throw DomainError.notFound(.token, "\(id)")
            }
            let fields: [String: Any] = [
                "id": token.id, "name": token.name.visible, "created": token.createdAt.shown,
            ]
            return try await html(.tokenRevocation, fields, for: caller, at: "/profile")
        }
    }

    @Sendable private func revokeToken(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageOwnTokens, fields: ["id"]) { caller, form in
            try checkMayHaveTokens(caller)
            try await services.apiTokens.revoke(try Self.tokenID(form), as: caller.principal)
            return .redirect(to: "/profile?saved=revocation")
        }
    }

    /// - Throws: a 409 where nobody logs in.
    private func checkMayHaveTokens(_ caller: Caller) throws(Problem) {
        guard mayHaveTokens(caller) else {
            throw Problem(.conflict, "nobody logs in here, so there are no tokens either")
        }
    }

    private static func tokenID(_ parameters: [String: String]) throws(DomainError) -> APIToken.ID {
        let text = parameters["id"] ?? ""
        guard let id = APIToken.ID(text) else { throw .notFound(.token, text) }
        return id
    }
}

/// The form for a new token.
private enum TokenForm {
    static let names: Set = ["tokenName", "tokenDays"]
    static let fields = FormFields(names)

    private static let lives = [7: "7 days", 30: "30 days", 90: "90 days", 365: "a year"]
    private static let standard = 90

    /// The lives that it offers; `chosen` is what was chosen before it came back.
    static func choices(chosen: String?) -> [[String: Any]] {
        let chosen = chosen.flatMap { Int($0) } ?? standard
        return lives.sorted { $0.key < $1.key }
            .map { ["days": $0.key, "words": $0.value, "isChosen": $0.key == chosen] }
    }

    /// When the token is to end.
    ///
    /// - Throws: ``DomainError/invalid(field:problem:)``.
    static func end(_ form: [String: String], from now: Timestamp) throws(DomainError) -> Timestamp {
        guard let days = form["tokenDays"].flatMap({ Int($0) }), lives[days] != nil else {
            throw .invalid(field: "tokenDays", problem: "choose one of the times")
        }
        return Timestamp(milliseconds: now.milliseconds + Int64(days) * 86_400_000)
    }

    /// What the domain says, of this form's fields: the page has another one for a name.
    static func naming(_ error: DomainError) -> DomainError {
        switch error {
        case .invalid("name", let problem): .invalid(field: "tokenName", problem: problem)
        case .invalid("expiresAt", let problem): .invalid(field: "tokenDays", problem: problem)
        default: error
        }
    }
}
