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
                    QueryParameter(name: "kind", summary: "Of this kind, or of these, with commas between them."),
                    QueryParameter(name: "since", summary: "From this time on (RFC 3339)."),
                    QueryParameter(name: "until", summary: "Before this time (RFC 3339)."),
                ] + QueryParameter.paging, answer: .page(SchemaName(EventBody.self)), handler: list)
        ]
    }

    private func list(_ call: Call) async throws -> Response {
        let filter = EventFilter(
            gateway: try call.query("gateway", expected: "a gateway id") { try? GatewayID($0) },
            user: call.query("user"),
            kinds: try call.query("kind", expected: "the kind of any event", Self.kinds),
            since: try call.query("since", expected: Self.time, Timestamp.init(rfc3339:)),
            until: try call.query("until", expected: Self.time, Timestamp.init(rfc3339:)))
        let page = try await services.events.list(filter, page: try call.pageRequest(), as: call.principal)
        return try .json(PageBody(page, EventBody.init))
    }

    private static let time = "an RFC 3339 time, such as 2026-11-22T04:20:46Z"

    private static func kinds(_ text: String) -> Set<EventKind>? {
        let names = text.split(separator: ",", omittingEmptySubsequences: false)
        let kinds = names.compactMap { EventKind(rawValue: String($0)) }
        return kinds.count == names.count ? Set(kinds) : nil
    }
}

extension Timestamp {
    fileprivate init?(rfc3339 text: String) {
        guard let time = RFC3339Time(text) else { return nil }
        self.init(time)
    }
}
