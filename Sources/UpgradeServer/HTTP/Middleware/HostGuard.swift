import HTTPTypes
import Hummingbird
import UpgradeAPI

/// In no-TLS mode nobody logs in, so a page of another site must not get the browser of someone near to talk to us.
///
/// A request over TCP is answered only if its Host, and its Origin if it has one, is a loopback name or one that `--http-name` names. That stops
/// cross-site requests, and DNS rebinding, where a foreign name suddenly means 127.0.0.1. The control socket has no such check: no browser opens it.
struct HostGuard: RouterMiddleware {
    /// Whether nobody logs in.
    let everybodyIsSuper: Bool
    /// The names of `--http-name`.
    let names: [String]

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        guard everybodyIsSuper, context.entrance == .tcp else { return try await next(request, context) }
        guard let authority = request.head.authority, let host = Self.host(ofAuthority: authority), isOurs(host) else {
            throw Problem(
                .forbidden,
                "the Host \(request.head.authority.map { "'\($0)'" } ?? "header is missing and") is not a name of this server; "
                    + "call it by a loopback name, or start umd with --http-name")
        }
        if let origin = request.headers[.origin] {
            guard let host = Self.host(ofOrigin: origin), isOurs(host) else {
                throw Problem(.forbidden, "requests from the origin '\(origin)' are not answered; see umd --http-name")
            }
        }
        return try await next(request, context)
    }

    private func isOurs(_ host: String) -> Bool {
        Loopback.contains(host) || names.contains { $0.lowercased() == host.lowercased() }
    }

    /// The host of `scheme://host:port`; nil for an opaque origin, `null`.
    static func host(ofOrigin origin: String) -> String? {
        for scheme in ["http://", "https://"] where origin.lowercased().hasPrefix(scheme) {
            return host(ofAuthority: String(origin.dropFirst(scheme.count)))
        }
        return nil
    }

    /// The host of `host`, `host:port` or `[address]:port`, without its port and brackets; nil when it is none of these.
    static func host(ofAuthority authority: String) -> String? {
        let rest: Substring
        let host: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
        } else {
            let end = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<end]
            rest = authority[end...]
        }
        let isPort = rest.isEmpty || (rest.first == ":" && rest.dropFirst().allSatisfy { $0.isASCII && $0.isNumber })
        return host.isEmpty || !isPort ? nil : String(host)
    }
}
