import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

/// Puts the route table on a router, and stands before every handler: who asks, may they, and is the request one that the route knows.
struct Dispatcher {
    static let prefix = "/api/v1"

    let access: Access

    func mount(_ routes: [Route], on router: Router<APIContext>) {
        for route in routes {
            router.on(RouterPath(Self.prefix + route.path), method: route.method) { request, context in
                try await answer(request, context, by: route)
            }
        }
        for (path, routes) in Dictionary(grouping: routes, by: \.path) {
            router.refuseMethods(otherThan: routes.map(\.method), on: RouterPath(Self.prefix + path))
        }
    }

    private func answer(_ request: Request, _ context: APIContext, by route: Route) async throws -> Response {
        let caller = try await access.caller(of: request, context)
        try admit(caller, request, context, to: route)
        let known = route.query.map(\.name)
        let parameters = try PercentEncoding.parameters(ofQuery: request.uri.query ?? "")
        for field in parameters.keys.sorted() where !known.contains(field) {
            let expected = known.isEmpty ? "none is" : "known are \(known.joined(separator: ", "))"
            throw Problem(.unprocessableContent, "\(field): no such query parameter here; \(expected)", field: field)
        }
        if case .nothing = route.request, request.method != .get {
            // A member that the route does not know is no reason to guess what was meant.
            let body = try await request.body.collect(upTo: HTTPLimits.jsonBody)
            if body.readableBytes > 0 {
                _ = try APICoding.decodeRequest(NoMembers.self, from: Data(body.readableBytesView))
            }
        }
        return try await route.handler(
            Call(request: request, context: context, caller: caller, parameters: parameters))
    }

    /// - Throws: a 401 or 403 for whom the route is not open to, and for writes that another site may have sent.
    private func admit(_ caller: Caller?, _ request: Request, _ context: APIContext, to route: Route) throws {
        try access.checkOrigin(of: request, context)
        guard route.admission != .anybody else { return }
        guard let caller else {
            throw request.headers[.authorization] == nil ? Problem.logInFirst : Problem.noSuchToken
        }
        try access.checkCSRF(caller, request)
        if caller.mustChangePassword, route.admission != .loggedIn { throw Problem.changePasswordFirst }
        if caller.token != nil, route.admission == .inPerson { throw Problem.notByToken }
        if let permission = route.permission { _ = try caller.principal.scope(for: permission) }
    }
}

extension Router {
    /// Answers every method but the `allowed` ones with a 405 that names those. What answers GET answers HEAD too.
    func refuseMethods(otherThan allowed: [HTTPRequest.Method], on path: RouterPath) {
        let allowed = allowed.contains(.get) ? allowed + [.head] : allowed
        let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]
        for method in methods where !allowed.contains(method) {
            on(path, method: method) { _, _ -> Response in throw MethodRefusal(method: method, allowed: allowed) }
        }
    }
}

/// What the body of a request without one may be: an empty object.
private struct NoMembers: UpgradeAPI.RequestBody {
    enum CodingKeys: CodingKey, CaseIterable {}
}
