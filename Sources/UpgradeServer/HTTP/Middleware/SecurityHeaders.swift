import HTTPTypes
import Hummingbird

/// What every answer carries: nothing from elsewhere runs in our pages, nobody frames them, and no body is taken for what it is not.
struct SecurityHeaders: RouterMiddleware {
    /// Whether TCP is served over TLS: then browsers are told to come no other way.
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
        if isHTTPS, context.entrance == .tcp { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return response
    }
}
