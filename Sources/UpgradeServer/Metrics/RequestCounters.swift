import HTTPTypes
import Hummingbird
import Synchronization

/// Counts HTTP requests. The label is the matched route, never the path that was asked for: that would be one series for each guess.
final class RequestCounters: Sendable {
    private struct Key: Hashable {
        var route: String
        var method: String
        var status: Int
    }

    private let counts = Mutex<[Key: Int]>([:])

    func count(route: String, method: String, status: Int) {
        counts.withLock { $0[Key(route: route, method: method, status: status), default: 0] += 1 }
    }

    var samples: [PrometheusText.Sample] {
        let counts = counts.withLock { $0 }
        return counts.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }
        .map { key, count in
            .init(
                labels: [("route", key.route), ("method", key.method), ("status", String(key.status))],
                value: Double(count))
        }
    }
}

/// Counts every answer.
struct RequestCounting: RouterMiddleware {
    let counters: RequestCounters

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        counters.count(
            route: context.endpointPath ?? "none", method: Self.label(of: request.method), status: response.status.code)
        return response
    }

    /// A method is any word that a client likes; what is not one of ours is one series.
    private static func label(of method: HTTPRequest.Method) -> String {
        let known: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        return known.contains(method) ? method.rawValue : "other"
    }
}
