import Glibc
import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore

/// Finds out who asks, and whether a write is what they meant.
struct Access: Sendable {
    /// Nobody logs in: everybody who comes over TCP acts as the super user.
    let everybodyIsSuper: Bool
    let services: Services
    let sessions: SessionStore
    let desk: LogInDesk
    let tokens: TokenDesk
    let cookie: SessionCookie
    /// A proxy that we know stands in front, and says whom it speaks for.
    let behindProxy: Bool
    /// The names of `--http-name`.
    let names: [String]

    /// Who asks; nil when nobody is logged in.
    func caller(of request: Request, _ context: APIContext) async throws -> Caller? {
        if context.entrance == .controlSocket { return Caller(principal: .operator) }
        if everybodyIsSuper { return Caller(principal: try await services.superUser()) }
        // A cookie beside a token that is none does not make it a good one.
        if let authorization = request.headers[.authorization] {
            return try await tokens.caller(by: authorization, from: address(of: request, context))
        }
        guard let token = cookie.token(in: request) else { return nil }
        return try await caller(by: try token.id)
    }

    /// Whether what let the caller in still holds: the session lives or the token is in force, and neither password nor rights have changed.
    func stillHolds(_ caller: Caller) async throws -> Bool {
        if let token = caller.token { return try await tokens.upholds(token, caller.principal) }
        guard let session = caller.session else { return true }
        return try await self.caller(by: session.id) != nil
    }

    private func caller(by id: Session.ID) async throws -> Caller? {
        while let session = sessions.use(id) {
            let account = try await services.logIns.account(of: session.account.user.username)
            // The session and the account were not looked at in the same moment: in between, a new password may have been set in this very session.
            if let account, account.upholds(logInAs: session.account) || sessions.isChangingPassword(id) {
                return Caller(
                    principal: Principal(account.user), session: session,
                    mustChangePassword: account.user.mustChangePassword)
            }
            if sessions.end(id, ifStillOn: session.account) { return nil }
        }
        return nil
    }

    /// Begins a session in place of the one that the browser may have had.
    func begin(for account: Account, replacingThatOf request: Request) throws -> (session: Session, cookie: String) {
        if let old = cookie.token(in: request) { sessions.end(try old.id) }
        let (session, token) = try sessions.open(for: account)
        return (session, cookie.setting(token))
    }

    /// Changes the own profile. A new password ends all other sessions of the user.
    func updateProfile(
        name: String?, password: PasswordChange?, of caller: Caller, from address: String
    ) async throws -> User {
        try await sessions.whileChangingPassword(in: password == nil ? nil : caller.session?.id) {
            let account = try await desk.updateProfile(
                name: name, password: password, as: caller.principal, from: address)
            if password != nil {
                if let session = caller.session { sessions.keep(session.id, on: account) }
                sessions.endAll(of: account, but: caller.session?.id)
            }
            return account.user
        }
    }

    /// Refuses a write that a page of another site sends.
    ///
    /// - Throws: a 403.
    func checkOrigin(of request: Request, _ context: APIContext) throws(Problem) {
        // No browser opens the socket; without log-in the guard of the Host header has looked at the Origin.
        guard context.entrance == .tcp, !everybodyIsSuper, request.isWrite, let text = request.headers[.origin] else {
            return
        }
        let ours = request.head.authority.flatMap { WebOrigin(authority: $0, defaultPort: cookie.isSecure ? 443 : 80) }
        guard let origin = WebOrigin(text), origin == ours || names.contains(where: { $0.lowercased() == origin.host })
        else {
            throw Problem(
                .forbidden,
                "writes from the origin \(quoted(text)) are not accepted; if it is this server's, see umd --http-name")
        }
    }

    /// Refuses a write with a session's cookie that does not show the session's CSRF token.
    ///
    /// - Throws: a 403.
    func checkCSRF(_ caller: Caller, _ request: Request) throws(Problem) {
        guard request.isWrite, let session = caller.session else { return }
        guard session.isCSRFToken(request.headers[.csrfToken]) else {
            throw Problem(
                .forbidden,
                "a write with the session's cookie must carry the session's X-CSRF-Token; GET /me says what it is")
        }
    }

    /// The numeric address of whoever asks: the peer's, or behind the declared proxy the one that it names.
    func address(of request: Request, _ context: APIContext) -> String {
        // Only the last entry is the proxy's word; those before it are the client's.
        if behindProxy, let last = request.headers[values: .forwardedFor].last?.split(separator: ",").last,
            let address = Self.numericAddress(String(last))
        {
            return address
        }
        return context.channel.remoteAddress?.ipAddress ?? "unknown"
    }

    /// The address in `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or `[2001:db8::1]:80`; nil for what is none, such as `unknown`.
    private static func numericAddress(_ text: String) -> String? {
        let text = text.filter { !$0.isWhitespace }
        for candidate in [text, HostGuard.host(ofAuthority: text)].compactMap(\.self) {
            var bytes = in6_addr()
            for family in [AF_INET, AF_INET6] where inet_pton(family, candidate, &bytes) == 1 { return candidate }
        }
        return nil
    }
}

extension Request {
    /// Whether it may change something.
    var isWrite: Bool { ![.get, .head, .options, .trace].contains(method) }
}

extension HTTPField.Name {
    /// What shows that a write comes from our own page.
    static let csrfToken = named("X-CSRF-Token")
    fileprivate static let forwardedFor = named("X-Forwarded-For")

    private static func named(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no field name") }
        return name
    }
}
