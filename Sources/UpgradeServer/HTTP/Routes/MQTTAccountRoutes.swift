import Hummingbird
import UpgradeAPI
import UpgradeCore

/// `/mqtt-accounts`: programs other than gateways that connect over MQTT.
struct MQTTAccountRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/mqtt-accounts", summary: "Lists MQTT accounts by name.",
                permission: .manageMQTTAccounts, query: QueryParameter.paging,
                answer: .page(SchemaName(MQTTAccountBody.self)), handler: list),
            Route(
                method: .post, path: "/mqtt-accounts",
                summary: "Creates an MQTT account; its password is in this answer alone.",
                permission: .manageMQTTAccounts, request: .json(MQTTAccountCreation.self),
                answer: .object(SchemaName(MQTTAccountBody.self), status: .created), handler: create),
            Route(
                method: .delete, path: "/mqtt-accounts/{name}",
                summary: "Removes an MQTT account and ends its connections.",
                permission: .manageMQTTAccounts, answer: .nothing, handler: remove),
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let page = try await services.mqttAccounts.list(page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page) { MQTTAccountBody($0) })
    }

    private func create(_ call: Call) async throws -> Response {
        let body = try await call.body(MQTTAccountCreation.self)
        let added = try await services.addMQTTAccount(
            name: body.name, publish: body.publish ?? [], subscribe: body.subscribe ?? [], as: call.principal)
        return try .json(MQTTAccountBody(added), status: .created)
    }

    private func remove(_ call: Call) async throws -> Response {
        try await services.removeMQTTAccount(try call.pathParameter("name"), as: call.principal)
        return .noContent
    }
}
