import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore

/// `/session`: log in and out, by a cookie. Where nobody logs in, there is no session to begin or to end: 409.
struct SessionRoutes: RouteGroup {
    let access: Access

    var routes: [Route] {
        [
            Route(
                method: .post, path: "/session", summary: "Logs in: the answer sets the session's cookie.",
                permission: nil, admission: .anybody, request: .json(LogInRequest.self),
                answer: .object(SchemaName(SessionBody.self)), handler: begin),
            Route(
                method: .delete, path: "/session", summary: "Logs out.", permission: nil, admission: .loggedIn,
                answer: .nothing, handler: end),
        ]
    }

    private func begin(_ call: Call) async throws -> Response {
        if let caller = call.caller, caller.session == nil, caller.token == nil { throw Self.noSessions(caller) }
        let body = try await call.body(LogInRequest.self)
        let account = try await access.desk.logIn(
            username: body.username, password: body.password, from: access.address(of: call.request, call.context))
        guard let account else {
            throw Problem(.unauthorized, "the user name or the password is wrong")
        }
        let (session, cookie) = try access.begin(for: account, replacingThatOf: call.request)
        let me = MeBody(account.user, csrfToken: session.csrfToken)
        var response = try Response.json(SessionBody(user: me, csrfToken: session.csrfToken))
        response.headers[.setCookie] = cookie
        return response
    }

    private func end(_ call: Call) async throws -> Response {
        let caller = try call.loggedIn
        if caller.token != nil {
            throw DomainError.conflict("a token is no session; DELETE /tokens/{id} revokes it")
        }
        guard let session = caller.session else { throw Self.noSessions(caller) }
        access.sessions.end(session.id)
        return Response(status: .noContent, headers: [.setCookie: access.cookie.clearing])
    }

    private static func noSessions(_ caller: Caller) -> DomainError {
        caller.principal == .operator
            ? .conflict("the operator at the control socket needs no log-in")
            : .conflict(
                "umd runs with --nossl, where nobody logs in: every request acts as \(caller.principal.username)")
    }
}
