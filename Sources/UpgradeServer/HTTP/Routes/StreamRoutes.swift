import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

/// `GET /stream`: server-sent events of what the caller may see.
struct StreamRoutes: RouteGroup {
    let services: Services
    let access: Access

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/stream",
                summary:
                    "Tells what changes, as it changes: events named event (changed, with nothing in it, for who may not read the event log), gateway, deployment, release, progress, and reset when lists must be read anew.",
                permission: .viewDashboard, answer: .stream, handler: open)
        ]
    }

    private func open(_ call: Call) async throws -> Response {
        let caller = try call.loggedIn
        // Subscribed before the missed events are read, so that none falls between; one that is told twice has the same id.
        let changes = try services.store.changes.subscribe(as: caller.principal)
        let missed = try await missed(since: call.request.headers[.lastEventID], as: caller.principal)
        let stream = EventStream(
            services: services, access: access, caller: caller, missed: missed, changes: changes)
        let request = call.request
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    try await stream.write(to: &writer)
                }
                try await writer.finish(nil)
            })
    }

    /// What happened since a listener was told the event of this number; nil when that cannot be told, because no event of this number was ever told to him.
    private func missed(since lastEventID: String?, as principal: Principal) async throws -> [Event]? {
        guard let lastEventID else { return [] }
        guard principal.may(.viewEvents), let id = Int64(lastEventID) else { return nil }
        return try await services.events.missed(since: id, limit: HTTPLimits.replayedEvents + 1, as: principal)
    }
}

extension HTTPField.Name {
    /// What a browser that reconnects to an event stream sends; not one of the names that swift-http-types has.
    fileprivate static let lastEventID = HTTPField.Name("Last-Event-ID") ?? .ifNoneMatch
}
