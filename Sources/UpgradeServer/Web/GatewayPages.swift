import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/gateway`: one gateway, and what people do to it.
extension Pages {
    func mountGateways(on router: Router<APIContext>) {
        router.get("/gateway", use: gatewayPage)
        router.post("/gateway", use: changeGateway)
        router.get("/gateway/remove", use: gatewayRemovalPage)
        router.post("/gateway/remove", use: removeGateway)
        router.get("/gateways/{id}", use: gatewayAddress)
        for path in ["/gateway", "/gateway/remove"] as [RouterPath] {
            router.refuseMethods(otherThan: [.get, .post], on: path)
        }
        router.refuseMethods(otherThan: [.get], on: "/gateways/{id}")
    }

    private static let notices = [
        "change": "The gateway is changed.", "move": "The gateway belongs to another company now.",
        "approve": "The gateway is approved.", "enable": "The gateway may connect again.",
        "disable": "The gateway is disconnected, and refused until it is enabled.",
        "revoke": "The gateway's own secret is void; the fleet's secret opens its id again.",
    ]

    @Sendable private func gatewayPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .viewEvents) { caller, parameters in
            let page = try await GatewayPage(
                try Self.gateway(parameters["id"]), parameters: parameters, services: services,
                user: caller.principal)
            var fields = page.fields
            fields["notice"] = parameters["done"].flatMap { Self.notices[$0] }
            return try await html(.gateway, fields, for: caller, at: "/upgrade")
        }
    }

    /// Such as the API's address of it, for who types it.
    @Sendable private func gatewayAddress(_ request: Request, _ context: APIContext) async throws -> Response {
        let text = context.parameters.get("id").flatMap { PercentEncoding.decode($0) }
        return .redirect(to: GatewayPage.path(of: try Self.gateway(text)))
    }

    /// Does what a form of the gateway's page asks for.
    @Sendable private func changeGateway(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageGateways, fields: FormFields(GatewayForm.fields.union(["action"])))
        { caller, form in
            let id = try Self.gateway(of: request)
            do {
                try GatewayForm.fields(of: form["action"]).check(form)
                if form["action"] == "enroll" {
                    let credential = try await services.enroll(id, as: caller.principal)
                    return try await show(credential, to: caller)
                }
                let action = try await act(form, on: id, as: caller.principal)
                return .redirect(to: "\(GatewayPage.path(of: id))&done=\(action)")
            } catch let error as DomainError {
                let problem = try FormProblem(error, fields: GatewayForm.fields)
                let page = try await GatewayPage(id, form: form, services: services, user: caller.principal)
                return try await html(
                    .gateway, page.fields.merging(problem.fields) { $1 }, for: caller, at: "/upgrade",
                    status: problem.status)
            }
        }
    }

    /// - Returns: what was done.
    /// - Throws: ``DomainError``, and a 422 for a form that does not say what is to be done.
    private func act(_ form: [String: String], on id: GatewayID, as user: Principal) async throws -> String {
        let action = form["action"] ?? ""
        switch action {
        case "approve": _ = try await services.gateways.approve(id, as: user)
        case "enable", "disable": _ = try await services.setEnabled(action == "enable", id, as: user)
        case "revoke": _ = try await services.revoke(id, as: user)
        case "change": _ = try await services.gateways.update(id, try GatewayForm.changes(form), as: user)
        case "move": _ = try await services.gateways.update(id, try GatewayForm.move(form), as: user)
        default: throw Problem(.unprocessableContent, "the form does not say what is to be done", field: "action")
        }
        services.engine.gatewaysChanged([id])
        return action
    }

    /// The page with the secret that it shows once; nobody finds it again, and nothing keeps it on the way.
    private func show(_ credential: EnrolledCredential, to caller: Caller) async throws -> Response {
        let page = try await GatewayPage(credential.gateway, services: services, user: caller.principal)
        var fields = page.fields
        fields["credential"] = ["username": credential.username, "password": credential.password]
        return try await html(.gateway, fields, for: caller, at: "/upgrade")
    }

    /// The gateway that the address names.
    private static func gateway(of request: Request) throws -> GatewayID {
        try gateway(try PercentEncoding.parameters(ofQuery: request.uri.query ?? "")["id"])
    }

    private static func gateway(_ text: String?) throws(DomainError) -> GatewayID {
        guard let text, let id = try? GatewayID(text) else { throw .notFound(.gateway, text ?? "") }
        return id
    }
}

extension Pages {
    @Sendable private func gatewayRemovalPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .manageGateways) { caller, parameters in
            let gateway = try await services.gateways.find(try Self.gateway(parameters["id"]), as: caller.principal)
            var fields = GatewayRow(gateway: gateway, newest: nil).fields
            fields["isEnrolled"] = gateway.enrolled
            fields["removal"] = GatewayPage.removal(of: gateway.id)
            return try await html(.gatewayRemoval, fields, for: caller, at: "/upgrade")
        }
    }

    @Sendable private func removeGateway(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageGateways, fields: []) { caller, form in
            let id = try Self.gateway(of: request)
            try await services.removeGateway(id, as: caller.principal)
            services.engine.gatewaysChanged([id])
            return .redirect(to: "/upgrade?done=removed")
        }
    }
}

/// What the forms of a gateway's page say of it.
enum GatewayForm {
    /// Those that a problem may be told of.
    static let fields: Set<String> = ["name", "address", "latitude", "longitude", "companyId"]

    /// Those of the form that asks for `action`: each does one thing.
    static func fields(of action: String?) -> FormFields {
        switch action {
        case "change": ["action", "name", "address", "latitude", "longitude"]
        case "move": ["action", "companyId"]
        default: ["action"]
        }
    }

    /// A field that is empty takes away what was there.
    ///
    /// - Throws: ``DomainError/invalid(field:problem:)``.
    static func changes(_ form: [String: String]) throws(DomainError) -> GatewayChanges {
        func degrees(_ field: String) throws(DomainError) -> Change<Double> {
            guard let text = form[field] else { return .keep }
            if text.allSatisfy(\.isWhitespace) { return .clear }
            guard let number = Double(text), number.isFinite else {
                throw .invalid(field: field, problem: "\(quoted(text)) is not a number, such as 47.07")
            }
            return .set(number)
        }
        return GatewayChanges(
            name: form["name"], address: form["address"].map { .set($0) } ?? .keep,
            latitude: try degrees("latitude"), longitude: try degrees("longitude"))
    }

    /// - Throws: ``DomainError/invalid(field:problem:)``.
    static func move(_ form: [String: String]) throws(DomainError) -> GatewayChanges {
        guard let company = form["companyId"].flatMap({ try? CompanyID($0) }) else {
            throw .invalid(field: "companyId", problem: "choose a company")
        }
        return GatewayChanges(companyID: company)
    }
}
