import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/deployments`: what was ordered, and how it goes.
struct DeploymentRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/deployments", summary: "Lists deployments, newest first.",
                permission: .viewDeployments, query: QueryParameter.paging,
                answer: .page(SchemaName(DeploymentBody.self)), handler: list),
            Route(
                method: .post, path: "/deployments", summary: "Orders an upgrade of some, a company's or all gateways.",
                permission: .orderUpgrades, request: .json(DeploymentOrder.self),
                answer: .object(SchemaName(DeploymentBody.self), status: .created), handler: order),
            Route(
                method: .get, path: "/deployments/{id}", summary: "Shows one deployment.", permission: .viewDeployments,
                answer: .object(SchemaName(DeploymentBody.self)), handler: show),
            Route(
                method: .get, path: "/deployments/{id}/gateways",
                summary: "Lists how each gateway gets on, by gateway.",
                permission: .viewDeployments,
                query: [QueryParameter(name: "state", summary: "In this state.")] + QueryParameter.paging,
                answer: .page(SchemaName(UpgradeBody.self)), handler: upgrades),
            Route(
                method: .post, path: "/deployments/{id}/cancel", summary: "Cancels what is still pending.",
                permission: .orderUpgrades, answer: .object(SchemaName(DeploymentBody.self)), handler: cancel),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let page = try await services.deployments.list(page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page) { DeploymentBody($0.deployment, counts: $0.counts) })
    }

    private func order(_ call: Call) async throws -> Response {
        let order = try await call.body(DeploymentOrder.self)
        let deployment = try await services.engine.order(
            version: order.version, target: DeploymentTarget(order.target), as: call.principal)
        return try .json(try await services.deploymentBody(deployment.id, as: call.principal), status: .created)
    }

    private func show(_ call: Call) async throws -> Response {
        try .json(try await services.deploymentBody(try call.deploymentID(), as: call.principal))
    }

    private func upgrades(_ call: Call) async throws -> Response {
        let states = UpgradeStateName.allCases.map(\.rawValue).joined(separator: ", ")
        let state = try call.query("state", expected: "one of \(states)") {
            UpgradeStateName(rawValue: $0).map(UpgradeState.init)
        }
        let id = try call.deploymentID()
        let page = try await services.deployments.upgrades(
            of: id, state: state, page: try call.pageRequest(), as: call.principal)
        let underWay = await services.engine.transfersUnderWay().filter { $0.deployment == id }
        let progress = Dictionary(underWay.map { ($0.gateway, $0) }) { first, _ in first }
        return try .json(PageBody(page) { UpgradeBody($0, progress[$0.gatewayID]) })
    }

    private func cancel(_ call: Call) async throws -> Response {
        let id = try call.deploymentID()
        _ = try await services.engine.cancel(id, as: call.principal)
        return try .json(try await services.deploymentBody(id, as: call.principal))
    }
}
