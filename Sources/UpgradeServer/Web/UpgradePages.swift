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
            let query: UpgradeQuery
            do {
                query = try UpgradeQuery(parameters)
            } catch let error as Problem {
                return try await list(UpgradeQuery(), for: caller, saying: error.detail, status: error.status)
            }
            if let company = query.filter.company {
                do {
                    _ = try await services.companies.find(company, as: caller.principal)
                } catch let error as DomainError {
                    guard case .notFound = error else { throw error }
                    return try await list(
                        query, for: caller, saying: "there is no company \(quoted(company.rawValue)) here",
                        status: HTTPResponse.Status.notFound.code)
                }
            }
            return try await list(query, for: caller, after: parameters["done"])
        }
    }

    /// The list; with an alert when it is the answer to something that was not done.
    private func list(
        _ query: UpgradeQuery, for caller: Caller, after done: String? = nil, answersForm: Bool = false,
        saying problem: String? = nil, status: Int = HTTPResponse.Status.ok.code
    ) async throws -> Response {
        var fields = try await UpgradePage(services: services, query: query, user: caller.principal).fields
        fields["hasRemoved"] = done == "removed"
        fields["hasCancelled"] = done == "cancelled"
        fields["alert"] = problem?.sentence
        if answersForm { fields["address"] = query.address }
        return try await html(
            .upgrade, fields, for: caller, at: "/upgrade", status: HTTPResponse.Status(code: status))
    }

    @Sendable private func confirmUpgrade(_ request: Request, _ context: APIContext) async throws -> Response {
        try await takeOrder(request, context) { caller, form in
            if form["version"] == VersionChoicePage.older {
                let page = try await VersionChoicePage(form, services: services, user: caller.principal)
                return try await html(.versionChoice, page.fields, for: caller, at: "/upgrade")
            }
            let order = try UpgradeOrderForm(form, by: caller.principal)
            let page = try await ConfirmPage(order, services: services, user: caller.principal)
            return try await html(.confirm, page.fields, for: caller, at: "/upgrade")
        }
    }

    @Sendable private func orderUpgrade(_ request: Request, _ context: APIContext) async throws -> Response {
        try await takeOrder(request, context) { caller, form in
            let order = try UpgradeOrderForm(form, by: caller.principal)
            let deployment = try await services.engine.order(
                version: order.version, target: order.target, as: caller.principal)
            return .redirect(to: order.origin.address(ordered: deployment.id))
        }
    }

    /// Takes an order. One that cannot be given leads back to the page that it comes from, which says why.
    private func takeOrder(
        _ request: Request, _ context: APIContext, _ body: (Caller, [String: String]) async throws -> Response
    ) async throws -> Response {
        try await take(
            request, context, for: .orderUpgrades, fields: UpgradeOrderForm.fields, upTo: HTTPLimits.orderForm
        ) { caller, form in
            do {
                return try await body(caller, form)
            } catch let error as Problem where error.status == HTTPResponse.Status.unprocessableContent.code {
                return try await page(of: form, for: caller, saying: error.detail, status: error.status)
            } catch let error as DomainError {
                let status: HTTPResponse.Status
                switch error {
                // What an order names and is not there is no missing page, but a reason why nothing was ordered.
                case .notFound, .invalid: status = .unprocessableContent
                case .conflict: status = .conflict
                case .forbidden, .unavailable, .storageFull: throw error
                }
                return try await page(
                    of: form, for: caller, saying: "nothing was ordered: \(error)", status: status.code)
            }
        }
    }

    private func page(
        of form: [String: String], for caller: Caller, saying problem: String, status: Int
    ) async throws -> Response {
        switch UpgradeOrderForm.Origin(form) {
        case .list(var query):
            query.version = form["version"].flatMap { try? Version($0) } ?? query.version
            return try await list(query, for: caller, answersForm: true, saying: problem, status: status)
        case .gateway(let id):
            var fields = try await GatewayPage(id, services: services, user: caller.principal).fields
            fields["alert"] = problem.sentence
            fields["address"] = GatewayPage.path(of: id)
            return try await html(
                .gateway, fields, for: caller, at: "/upgrade", status: HTTPResponse.Status(code: status))
        }
    }
}
