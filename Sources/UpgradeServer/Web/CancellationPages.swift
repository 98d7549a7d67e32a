import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/upgrade/cancel`: calls off what is pending of an order.
extension Pages {
    func mountCancellations(on router: Router<APIContext>) {
        router.get("/upgrade/cancel", use: cancellationPage)
        router.post("/upgrade/cancel", use: cancel)
        router.refuseMethods(otherThan: [.get, .post], on: "/upgrade/cancel")
    }

    @Sendable private func cancellationPage(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .orderUpgrades) { caller, parameters in
            let overview = try await services.deployments.find(try Self.order(parameters), as: caller.principal)
            return try await html(
                .cancellation, CancellationPage(overview).fields, for: caller, at: "/upgrade")
        }
    }

    @Sendable private func cancel(_ request: Request, _ context: APIContext) async throws -> Response {
        try await take(request, context, for: .orderUpgrades, fields: ["order"]) { caller, form in
            let deployment = try await services.engine.cancel(try Self.order(form), as: caller.principal)
            return .redirect(to: "\(CancellationPage.list(of: deployment.id))&done=cancelled")
        }
    }

    /// The order that a query or a form names; what is no number names none.
    private static func order(_ parameters: [String: String]) throws(DomainError) -> DeploymentID {
        let text = parameters["order"] ?? ""
        guard let id = UpgradeQuery.order(text) else { throw .notFound(.deployment, text) }
        return id
    }
}

/// What the page shows that asks whether an order is to be called off.
struct CancellationPage {
    let fields: [String: Any]

    static func path(of id: DeploymentID) -> String { "/upgrade/cancel?order=\(id)" }

    /// Where the gateways of an order are listed.
    static func list(of id: DeploymentID) -> String { "/upgrade?order=\(id)" }

    init(_ overview: DeploymentService.Overview) {
        let deployment = overview.deployment
        let counts = overview.counts
        let pending = counts[.pending]
        fields = [
            "number": deployment.id.description, "version": deployment.version.description,
            "gateways": Amount.gateways(counts.total), "by": deployment.createdBy.visible,
            "time": deployment.createdAt.shown, "pending": Amount.gateways(pending), "isPending": pending > 0,
            "words": counts.words, "list": Self.list(of: deployment.id),
        ]
    }
}
