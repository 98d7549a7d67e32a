import HTTPTypes
import Hummingbird

/// How a session's token travels: in one cookie that no script reads and that no other site's request carries.
struct SessionCookie: Sendable {
    /// Whether browsers reach us over TLS, our own or a proxy's. A cookie that says so never travels without it, and no neighbouring host can plant it.
    let isSecure: Bool

    /// What it is called.
    var name: String { isSecure ? "__Host-um_session" : "um_session" }

    /// It ends with the browser; how long the session lives is the server's choice.
    func setting(_ token: SessionToken) -> String { "\(name)=\(token.text); \(attributes)" }

    var clearing: String { "\(name)=; Max-Age=0; \(attributes)" }

    func token(in request: Request) -> SessionToken? {
        request.cookies[name].flatMap { SessionToken($0.value) }
    }

    private var attributes: String { "Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "") }
}
