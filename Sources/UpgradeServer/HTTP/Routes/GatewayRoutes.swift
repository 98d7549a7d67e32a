import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/gateways`: the fleet.
struct GatewayRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/gateways", summary: "Lists gateways by id.", permission: .viewGateways,
                query: Self.filters + QueryParameter.paging, answer: .page(SchemaName(GatewayBody.self)), handler: list),
            Route(
                method: .get, path: "/gateways/{id}", summary: "Shows one gateway.", permission: .viewGateways,
                answer: .object(SchemaName(GatewayBody.self)), handler: show),
            Route(
                method: .patch, path: "/gateways/{id}",
                summary: "Changes a gateway's name, place or, for super users, company.", permission: .manageGateways,
                request: .json(GatewayPatch.self), answer: .object(SchemaName(GatewayBody.self)), handler: change),
            Route(
                method: .delete, path: "/gateways/{id}", summary: "Forgets a gateway; its events stay.",
                permission: .manageGateways, answer: .nothing, handler: remove),
            Route(
                method: .get, path: "/gateways/{id}/events", summary: "Lists what happened to a gateway, newest first.",
                permission: .viewEvents, query: QueryParameter.paging, answer: .page(SchemaName(EventBody.self)),
                handler: events),
            Route(
                method: .post, path: "/gateways/{id}/enroll",
                summary:
                    "Gives a gateway a secret of its own, shown once; the shared one does not open its id any more.",
                permission: .manageGateways, answer: .object(SchemaName(EnrolledBody.self)), handler: enroll),
            Route(
                method: .post, path: "/gateways/{id}/revoke",
                summary: "Makes a gateway's own secret void; the shared one opens its id again.",
                permission: .manageGateways, answer: .object(SchemaName(GatewayBody.self)), handler: revoke),
            Route(
                method: .post, path: "/gateways/{id}/approve",
                summary: "Lets a gateway out of quarantine and binds it to the company that it claims.",
                permission: .manageGateways, answer: .object(SchemaName(GatewayBody.self)), handler: approve),
            Route(
                method: .post, path: "/gateways/{id}/enable", summary: "Lets a gateway connect again.",
                permission: .manageGateways, answer: .object(SchemaName(GatewayBody.self)), handler: enable),
            Route(
                method: .post, path: "/gateways/{id}/disable",
                summary: "Disconnects a gateway and refuses it from now on.",
                permission: .manageGateways, answer: .object(SchemaName(GatewayBody.self)), handler: disable),
        ]
    }

    private static let filters = [
        QueryParameter(name: "company", summary: "Of this company."),
        QueryParameter(name: "version", summary: "Reporting this version."),
        QueryParameter(
            name: "state", summary: "Whose last upgrade is pending, confirmed, timedOut, failed or cancelled."),
        QueryParameter(name: "online", summary: "true for connected ones, false for the others."),
        QueryParameter(name: "search", summary: "Whose id, name or address contains this text."),
    ]

    private func list(_ call: Call) async throws -> Response {
        let states = UpgradeStateName.allCases.map(\.rawValue).joined(separator: ", ")
        let filter = GatewayFilter(
            company: try call.query("company", expected: "a company id") { try? CompanyID($0) },
            versions: try call.query("version", expected: "a version, such as 1.2") { (try? Version($0)).map { [$0] } },
            states: try call.query("state", expected: "one of \(states)") {
                UpgradeStateName(rawValue: $0).map { [UpgradeState($0)] }
            },
            online: try call.query("online", expected: "true or false") { Bool($0) }, search: call.query("search"))
        let page = try await services.gateways.listExplained(filter, page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page, GatewayBody.init))
    }

    private func show(_ call: Call) async throws -> Response {
        try .json(GatewayBody(try await services.gateways.findExplained(try call.gatewayID(), as: call.principal)))
    }

    private func change(_ call: Call) async throws -> Response {
        let patch = try await call.body(GatewayPatch.self)
        let changes = GatewayChanges(
            name: patch.name, address: Change(patch.address), latitude: Change(patch.latitude),
            longitude: Change(patch.longitude), companyID: patch.companyId)
        let gateway = try await services.gateways.update(try call.gatewayID(), changes, as: call.principal)
        services.engine.gatewaysChanged([gateway.id])
        return try .json(GatewayBody(try await services.gateways.explained(gateway)))
    }

    private func remove(_ call: Call) async throws -> Response {
        let id = try call.gatewayID()
        try await services.removeGateway(id, as: call.principal)
        services.engine.gatewaysChanged([id])
        return .noContent
    }

    private func events(_ call: Call) async throws -> Response {
        let page = try await services.gateways.history(
            of: try call.gatewayID(), page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page, EventBody.init))
    }

    private func enroll(_ call: Call) async throws -> Response {
        try .json(EnrolledBody(try await services.enroll(try call.gatewayID(), as: call.principal)))
    }

    private func revoke(_ call: Call) async throws -> Response {
        let gateway = try await services.revoke(try call.gatewayID(), as: call.principal)
        return try .json(GatewayBody(try await services.gateways.explained(gateway)))
    }

    private func approve(_ call: Call) async throws -> Response {
        let gateway = try await services.gateways.approve(try call.gatewayID(), as: call.principal)
        services.engine.gatewaysChanged([gateway.id])
        return try .json(GatewayBody(try await services.gateways.explained(gateway)))
    }

    private func enable(_ call: Call) async throws -> Response {
        let gateway = try await services.setEnabled(true, try call.gatewayID(), as: call.principal)
        services.engine.gatewaysChanged([gateway.id])
        return try .json(GatewayBody(try await services.gateways.explained(gateway)))
    }

    private func disable(_ call: Call) async throws -> Response {
        let gateway = try await services.setEnabled(false, try call.gatewayID(), as: call.principal)
        services.engine.gatewaysChanged([gateway.id])
        return try .json(GatewayBody(try await services.gateways.explained(gateway)))
    }
}
