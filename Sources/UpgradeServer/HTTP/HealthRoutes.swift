import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

/// What machines ask: `/healthz`, `/readyz` and `/metrics`. They stand outside the API and need no log-in.
struct HealthRoutes {
    let services: Services
    let readiness: Readiness
    let metrics: MetricsPage

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
        router.get("/metrics") { _, _ in
            Response.text(try await metrics.text(), contentType: PrometheusText.mediaType)
        }
        for path in ["/healthz", "/readyz", "/metrics"] as [RouterPath] {
            router.refuseMethods(otherThan: [.get], on: path)
        }
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
