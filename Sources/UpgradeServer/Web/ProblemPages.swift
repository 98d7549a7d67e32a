import HTTPTypes
import Hummingbird
import UpgradeAPI
import UpgradeCore

/// Shows people a page where something goes wrong on the way to one. Programs get the problem itself.
struct ProblemPages: RouterMiddleware {
    let pages: Pages

    func handle(
        _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            guard request.isByPerson else { throw error }
            return try await pages.show(error, to: request, context)
        }
    }
}

/// What a page says of something that went wrong, and the way on.
struct ProblemPage {
    /// In words that people know.
    let heading: String
    let detail: String
    let next: String
    let nextName: String

    /// - Parameters:
    ///   - error: what went wrong.
    ///   - problem: the same, as programs are told it.
    ///   - path: of the request.
    ///   - user: who is shown the page; nil for nobody who is logged in.
    init(_ error: any Error, _ problem: Problem, at path: String, for user: Principal?) {
        if case DomainError.notFound(let subject, let name) = error {
            heading = "There is no such \(subject.words) here"
            detail = name.isEmpty ? "The address names none." : "Nothing is known here by the name \(quoted(name))."
            (next, nextName) = subject.list(for: user) ?? Self.start
            return
        }
        heading = problem.type == Problem.blankType ? Self.heading(of: problem) : problem.title
        detail =
            problem.status == HTTPResponse.Status.notFound.code
            ? "The address may be mistyped." : problem.detail.sentence
        if path == "/profile" || path.hasPrefix("/profile/") {
            (next, nextName) = ("/profile", "Back to the profile")
        } else if path.hasPrefix("/upgrade/") || path.hasPrefix("/gateway"),
            let list = DomainError.Subject.gateway.list(for: user)
        {
            (next, nextName) = list
        } else {
            (next, nextName) = Self.start
        }
    }

    private static let start = ("/", "To the dashboard")

    private static func heading(of problem: Problem) -> String {
        switch problem.status {
        case 400: "This could not be read"
        case 401: "Log in first"
        case 403: "You may not do this"
        case 404: "There is no such page"
        case 405: "This is done by a form"
        case 409: "This cannot be done now"
        case 413: "This is too large"
        case 415: "This is not what the form sends"
        case 422: "Something in it is not right"
        case 429: "Too many attempts"
        case 500: "Something went wrong here"
        case 503: "Not possible just now"
        case 507: "The disk is full"
        default: problem.title
        }
    }
}

extension DomainError.Subject {
    fileprivate var words: String {
        switch self {
        case .deployment: "order"
        case .mqttAccount: "MQTT account"
        case .company, .gateway, .user, .release, .token: rawValue
        }
    }

    /// The page that lists what there is, for those who may see it.
    fileprivate func list(for user: Principal?) -> (path: String, name: String)? {
        guard let user else { return nil }
        return switch self {
        case .gateway, .deployment: user.may(.orderUpgrades) ? ("/upgrade", "To the gateways") : nil
        case .user: user.may(.viewUsers) ? ("/users", "To the users") : nil
        case .company: user.may(.manageCompanies) ? ("/companies", "To the companies") : nil
        case .release: ("/releases", "To the releases")
        case .token: ("/profile", "Back to the profile")
        case .mqttAccount: nil
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
