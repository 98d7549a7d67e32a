import HTTPTypes
import Hummingbird

/// Leaves the body out of every answer to HEAD, that of a refusal included: on the wire it would be taken for the next answer.
struct HeadAnswers: RouterMiddleware {
    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
