import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

extension Pages {
    /// The pages on which upgrades are ordered and followed.
    func mountUpgrades(on router: Router<APIContext>) {
        router.get("/upgrade", use: upgradePage)
        router.post("/upgrade/confirm", use: confirmUpgrade)
        router.post("/upgrade/order", use: orderUpgrade)
        router.get("/gateways/{id}", use: gatewayPage)
        router.post("/gateways/{id}", use: changeGateway)
        router.refuseMethods(otherThan: [.get], on: "/upgrade")
        router.refuseMethods(otherThan: [.post], on: "/upgrade/confirm")
        router.refuseMethods(otherThan: [.post], on: "/upgrade/order")
        router.refuseMethods(otherThan: [.get, .post], on: "/gateways/{id}")
    }

    @Sendable private func upgradePage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .orderUpgrades) { caller in
            let query = try UpgradeQuery(PercentEncoding.parameters(ofQuery: request.uri.query ?? ""))
            let page = try await UpgradePage(services: services, query: query, user: caller.principal)
            return try await html(.upgrade, page.fields, for: caller, at: "/upgrade")
        }
    }

    @Sendable private func confirmUpgrade(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .orderUpgrades, upTo: HTTPLimits.orderForm) { caller, form in
            try await naming {
                let order = try UpgradeOrderForm(form, by: caller.principal)
                let page = try await ConfirmPage(order, services: services, user: caller.principal)
                return try await html(.confirm, page.fields, for: caller, at: "/upgrade")
            }
        }
    }

    @Sendable private func orderUpgrade(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .orderUpgrades, upTo: HTTPLimits.orderForm) { caller, form in
            try await naming {
                let order = try UpgradeOrderForm(form, by: caller.principal)
                let deployment = try await services.engine.order(
                    version: order.version, target: order.target, as: caller.principal)
                return .redirect(to: "/upgrade?ordered=\(deployment.id)")
            }
        }
    }

    @Sendable private func gatewayPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .viewEvents) { caller in
            let cursor = try PercentEncoding.parameters(ofQuery: request.uri.query ?? "")["cursor"]
            let page = try await GatewayPage(
                try gatewayID(context), cursor: cursor.map { text throws(DomainError) in try Cursor(text) },
                services: services, user: caller.principal)
            return try await html(.gateway, page.fields, for: caller, at: "/upgrade")
        }
    }

    /// Approves, enables or disables a gateway.
    @Sendable private func changeGateway(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .manageGateways) { caller, form in
            let id = try gatewayID(context)
            switch form["action"] {
            case "approve": _ = try await services.gateways.approve(id, as: caller.principal)
            case "enable", "disable":
                let isEnabled = form["action"] == "enable"
                _ = try await services.gateways.setEnabled(isEnabled, id, as: caller.principal)
                services.identities.disabled(id, !isEnabled)
            default: throw Problem(.unprocessableContent, "the form does not say what is to be done", field: "action")
            }
            services.engine.gatewaysChanged([id])
            return .redirect(to: "/gateways/\(PercentEncoding.encode(id.rawValue))")
        }
    }

    private func gatewayID(_ context: APIContext) throws -> GatewayID {
        let text = context.parameters.get("id").flatMap { PercentEncoding.decode($0) } ?? ""
        guard let id = try? GatewayID(text) else { throw DomainError.notFound(.gateway, text) }
        return id
    }

    /// What an order names and is not there is no missing page, but a reason why nothing was ordered.
    private func naming(_ body: () async throws -> Response) async throws -> Response {
        do {
            return try await body()
        } catch let error as DomainError {
            guard case .notFound = error else { throw error }
            throw Problem(.unprocessableContent, "nothing was ordered: \(error)")
        }
    }
}
