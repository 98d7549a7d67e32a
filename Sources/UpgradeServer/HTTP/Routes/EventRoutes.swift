import Hummingbird
import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// `/events`: the log of everything that happened.
struct EventRoutes: RouteGroup {
    let services: Services

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/events", summary: "Lists events, newest first.", permission: .viewEvents,
                query: [
                    QueryParameter(name: "gateway", summary: "Of this gateway."),
                    QueryParameter(name: "user", summary: "Caused by this user."),
                ] + QueryParameter.paging, answer: .page(SchemaName(EventBody.self)), handler: list)
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let filter = EventFilter(
            gateway: try call.query("gateway", expected: "a gateway id") { try? GatewayID($0) },
            user: call.query("user"))
        let page = try await services.events.list(filter, page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page, EventBody.init))
    }
}
