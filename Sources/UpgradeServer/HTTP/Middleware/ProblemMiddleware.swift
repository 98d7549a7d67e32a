import Hummingbird
import Logging
import UpgradeAPI

/// Turns every error into a problem document. What no adapter knows becomes a 500 that tells nothing, and a log line that tells all.
struct ProblemMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            if let problem = Problem(error) {
                return problem.response(headers: (error as? RetryLater)?.headers ?? [:])
            }
            context.logger.error(
                "a request failed", error: error,
                metadata: ["method": "\(request.method)", "path": "\(request.uri.path)"])
            return Problem(.internalServerError, "something went wrong here; the log says what").response()
        }
    }
}
