import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

/// What machines ask: `/healthz`, `/readyz` and `/metrics`. They stand outside the API.
///
/// The first two need no log-in. Metrics tell how large the fleet is and what troubles it: others than this machine's own users must be allowed to.
struct HealthRoutes {
    static let metricsPath = "/metrics"

    let services: Services
    let readiness: Readiness
    let metrics: MetricsPage
    let access: Access
    /// Whether whoever reaches HTTP is on this machine.
    let everybodyIsNear: Bool

    func mount(on router: Router<APIContext>) {
        router.get("/healthz") { _, _ in Response.text("ok\n") }
        router.get("/readyz") { _, _ in
            guard readiness.isReady else {
                return Problem(.serviceUnavailable, "not all listeners stand yet, or the server stops").response()
            }
            do {
                try await services.store.read { _ in }
            } catch {
                return Problem(.serviceUnavailable, "the database does not answer").response()
            }
            return Response.text("ready\n")
        }
        router.get(RouterPath(Self.metricsPath)) { request, context in
            if !everybodyIsNear { try await checkMayViewMetrics(request, context) }
            return Response.text(try await metrics.text(), contentType: PrometheusText.mediaType)
        }
        for path in ["/healthz", "/readyz", Self.metricsPath] {
            router.refuseMethods(otherThan: [.get], on: RouterPath(path))
        }
    }

    /// - Throws: a 401 or 403.
    private func checkMayViewMetrics(_ request: Request, _ context: APIContext) async throws {
        guard let caller = try await access.caller(of: request, context) else { throw Problem.logInFirst }
        if caller.mustChangePassword { throw Problem.changePasswordFirst }
        _ = try caller.principal.scope(for: .viewMetrics)
    }
}

extension Response {
    /// A plain answer.
    static func text(_ text: String, contentType: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok, headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
