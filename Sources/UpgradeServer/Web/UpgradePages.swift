import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

extension Pages {
    /// The page on which upgrades are ordered and followed.
    func mountUpgrades(on router: Router<APIContext>) {
        router.get("/upgrade", use: upgradePage)
        router.post("/upgrade/confirm", use: confirmUpgrade)
        router.post("/upgrade/order", use: orderUpgrade)
        router.refuseMethods(otherThan: [.get], on: "/upgrade")
        router.refuseMethods(otherThan: [.post], on: "/upgrade/confirm")
        router.refuseMethods(otherThan: [.post], on: "/upgrade/order")
        mountCancellations(on: router)
        mountGateways(on: router)
    }

    @Sendable private func upgradePage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .orderUpgrades) { caller, parameters in
            let query = try UpgradeQuery(parameters)
            let page = try await UpgradePage(services: services, query: query, user: caller.principal)
            var fields = page.fields
            fields["hasRemoved"] = parameters["done"] == "removed"
            fields["hasCancelled"] = parameters["done"] == "cancelled"
            return try await html(.upgrade, fields, for: caller, at: "/upgrade")
        }
    }

    @Sendable private func confirmUpgrade(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(
            request, context, for: .orderUpgrades, fields: UpgradeOrderForm.fields, upTo: HTTPLimits.orderForm
        ) { caller, form in
            try await naming {
                if form["version"] == VersionChoicePage.older {
                    let page = try await VersionChoicePage(form, services: services, user: caller.principal)
                    return try await html(.versionChoice, page.fields, for: caller, at: "/upgrade")
                }
                let order = try UpgradeOrderForm(form, by: caller.principal)
                let page = try await ConfirmPage(order, services: services, user: caller.principal)
                return try await html(.confirm, page.fields, for: caller, at: "/upgrade")
            }
        }
    }

    @Sendable private func orderUpgrade(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(
            request, context, for: .orderUpgrades, fields: UpgradeOrderForm.fields, upTo: HTTPLimits.orderForm
        ) { caller, form in
            try await naming {
                let order = try UpgradeOrderForm(form, by: caller.principal)
                let deployment = try await services.engine.order(
                    version: order.version, target: order.target, as: caller.principal)
                return .redirect(to: order.origin.address(ordered: deployment.id))
            }
        }
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
