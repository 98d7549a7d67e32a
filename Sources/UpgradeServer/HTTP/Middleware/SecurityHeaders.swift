import HTTPTypes
import Hummingbird

/// What every answer carries: nothing from elsewhere runs in our pages, nobody frames them, and no body is taken for what it is not.
///
/// Over TLS browsers are also told to come no other way, except by a loopback name: it stands for all that this machine serves, on whatever port.
struct SecurityHeaders: RouterMiddleware {
    /// Whether TCP is served over TLS.
    let isHTTPS: Bool

    private static let policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.contentSecurityPolicy] = Self.policy
        response.headers[.xContentTypeOptions] = "nosniff"
        if isHTTPS, context.entrance == .tcp, !isByLoopbackName(request) {
            response.headers[.strictTransportSecurity] = "max-age=31536000"
        }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return response
    }

    private func isByLoopbackName(_ request: Request) -> Bool {
        request.head.authority.flatMap(HostGuard.host(ofAuthority:)).map { Loopback.contains($0) } ?? true
    }
}
