import HTTPTypes
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
            let problem = Problem(error) ?? Problem.unexpected(error, in: request, context)
            return problem.response(headers: Problem.headers(for: error))
        }
    }
}

extension Problem {
    /// What no adapter knows: the log is told of it.
    static func unexpected(_ error: any Error, in request: Request, _ context: APIContext) -> Problem {
        context.logger.error(
            "a request failed", error: error, metadata: ["method": "\(request.method)", "path": "\(request.uri.path)"])
        return Problem(.internalServerError, "something went wrong here; the log says what")
    }

    /// What goes along with the answer to an error.
    static func headers(for error: any Error) -> HTTPFields {
        switch error {
        case let error as RetryLater: error.headers
        case let error as MethodRefusal: [.allow: error.allowed.map(\.rawValue).joined(separator: ", ")]
        default: [:]
        }
    }
}

/// A method that an address does not have.
struct MethodRefusal: Error {
    let method: HTTPRequest.Method
    let allowed: [HTTPRequest.Method]
}
