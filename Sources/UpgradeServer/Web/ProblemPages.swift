import Hummingbird
import UpgradeAPI

/// Shows people a page where something goes wrong on the way to one. Programs get the problem itself.
struct ProblemPages: RouterMiddleware {
    let pages: Pages

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            guard request.isByPerson, let problem = Problem(error) else { throw error }
            return try await pages.show(problem, to: request, context)
        }
    }
}

extension Request {
    /// Whether somebody looks at the answer: a browser asks for a page, or sends the form of one.
    fileprivate var isByPerson: Bool {
        guard !uri.path.hasPrefix(Dispatcher.prefix + "/"), uri.path != HealthRoutes.metricsPath else { return false }
        let wantsPage = headers[values: .accept].contains { $0.lowercased().contains("text/html") }
        let isForm = headers[.contentType].flatMap(MediaType.init(from:))?.isType(.applicationUrlEncoded) == true
        return wantsPage || isForm
    }
}
