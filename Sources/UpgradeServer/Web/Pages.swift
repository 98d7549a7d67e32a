import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

/// The pages that people look at.
struct Pages {
    let services: Services
    let access: Access
    /// Shown in red.
    let dangers: Dangers
    /// Where releases are to be dropped.
    let resourcesFolder: String

    func mount(on router: Router<APIContext>) {
        PageTemplate.parse()
        router.get("/", use: dashboard)
        router.get("/login", use: logInPage)
        router.post("/login", use: logIn)
        router.post("/logout", use: logOut)
        router.get("/profile", use: profilePage)
        router.post("/profile", use: changeProfile)
        router.get("/style.css") { _, _ in Response.file(PackageResources.style_css, type: "text/css") }
        router.get("/script.js") { _, _ in Response.file(PackageResources.script_js, type: "text/javascript") }
        router.get("/favicon.svg") { _, _ in Response.file(PackageResources.favicon_svg, type: "image/svg+xml") }
        // What browsers ask for that have not read a page, such as one that shows the events' CSV.
        router.get("/favicon.ico") { _, _ in Response.redirect(to: "/favicon.svg") }
        let methods: [(RouterPath, [HTTPRequest.Method])] = [
            ("/", [.get]), ("/style.css", [.get]), ("/script.js", [.get]), ("/favicon.svg", [.get]),
            ("/favicon.ico", [.get]), ("/login", [.get, .post]),
            ("/logout", [.post]), ("/profile", [.get, .post]),
        ]
        mountTokens(on: router)
        mountManagement(on: router)
        mountUpgrades(on: router)
        for (path, allowed) in methods { router.refuseMethods(otherThan: allowed, on: path) }
    }

    @Sendable private func dashboard(_ request: Request, _ context: APIContext) async throws -> Response {
        try await answer(request, context, for: .viewDashboard) { caller in
            let query = try DashboardQuery(try PercentEncoding.parameters(ofQuery: request.uri.query ?? ""))
            let page = try await DashboardPage(services: services, user: caller.principal, query: query)
            return try await html(.dashboard, page.fields, for: caller, at: "/", status: page.status)
        }
    }
}

extension Pages {
    private static let logInFields: FormFields = ["username", "password", "next"]

    @Sendable private func logInPage(_ request: Request, _ context: APIContext) async throws -> Response {
        let target = LocalTarget(in: try PercentEncoding.parameters(ofQuery: request.uri.query ?? ""))
        if try await access.caller(of: request, context) != nil { return .redirect(to: target.path) }
        return try await html(.logIn, ["next": target.path], for: nil)
    }

    @Sendable private func logIn(_ request: Request, _ context: APIContext) async throws -> Response {
        try access.checkOrigin(of: request, context)
        let form = try await request.form()
        try Self.logInFields.check(form)
        let target = LocalTarget(in: form)
        if let caller = try await access.caller(of: request, context), caller.session == nil {
            return .redirect(to: target.path)
        }
        let username = form["username"] ?? ""
        func again(_ status: HTTPResponse.Status, _ problem: String) async throws -> Response {
            try await html(
                .logIn, ["next": target.path, "username": username, "problem": problem], for: nil, status: status)
        }
        do {
            let account = try await access.desk.logIn(
                username: username, password: form["password"] ?? "", from: access.address(of: request, context))
            guard let account else {
                return try await again(.unauthorized, "The user name or the password is wrong.")
            }
            let (_, cookie) = try access.begin(for: account, replacingThatOf: request)
            var response = Response.redirect(to: target.path)
            response.headers[.setCookie] = cookie
            return response
        } catch let error as RetryLater {
            var response = try await again(error.status, error.detail.sentence)
            response.headers[.retryAfter] = error.headers[.retryAfter]
            return response
        }
    }

    @Sendable private func logOut(_ request: Request, _ context: APIContext) async throws -> Response {
        let form = try await request.form()
        guard let caller = try await writer(request, context, form: form), let session = caller.session else {
            return .redirect(to: "/login")
        }
        try ([] as FormFields).check(form)
        access.sessions.end(session.id)
        var response = Response.redirect(to: "/login")
        response.headers[.setCookie] = access.cookie.clearing
        return response
    }
}

extension Pages {
    @Sendable private func profilePage(_ request: Request, _ context: APIContext) async throws -> Response {
        guard let caller = try await access.caller(of: request, context) else { return .toLogIn(from: request) }
        let user = try await services.profiles.find(caller.principal)
        let saved = try PercentEncoding.parameters(ofQuery: request.uri.query ?? "")["saved"]
        return try await profile(ProfilePage(user, of: caller, saved: saved), for: caller)
    }

    private func profile(
        _ page: ProfilePage, for caller: Caller, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let fields = page.fields.merging(try await tokenFields(for: caller)) { $1 }
        return try await html(.profile, fields, for: caller, at: "/profile", status: status)
    }

    @Sendable private func changeProfile(_ request: Request, _ context: APIContext) async throws -> Response {
        let form = try await request.form()
        guard let caller = try await writer(request, context, form: form) else { return .toLogIn(from: request) }
        try ProfileChange.fields(of: form).check(form)
        let user = try await services.profiles.find(caller.principal)
        do {
            let change = try ProfileChange(form)
            let changed = try await access.updateProfile(
                name: change.name, password: change.password, of: caller,
                from: access.address(of: request, context))
            let isFreed = user.mustChangePassword && !changed.mustChangePassword
            return .redirect(to: isFreed ? "/" : "/profile?saved=\(change.password == nil ? "name" : "password")")
        } catch let error as DomainError {
            guard case .invalid(let field, let problem) = error else { throw error }
            let page = ProfilePage(user, of: caller, field: field, problem: problem.sentence)
            return try await profile(page, for: caller, status: .unprocessableContent)
        } catch let error as RetryLater {
            let page = ProfilePage(
                user, of: caller, field: ProfileService.currentPasswordField, problem: error.detail.sentence)
            var response = try await profile(page, for: caller, status: error.status)
            response.headers[.retryAfter] = error.headers[.retryAfter]
            return response
        }
    }
}

extension Pages {
    /// The page for something that went wrong, with a way on.
    func show(_ error: any Error, to request: Request, _ context: APIContext) async throws -> Response {
        let problem = Problem(error) ?? Problem.unexpected(error, in: request, context)
        let caller = try? await access.caller(of: request, context)
        let page = ProblemPage(error, problem, at: request.uri.path, for: caller?.principal)
        let fields = [
            "heading": page.heading, "detail": page.detail, "next": page.next, "nextName": page.nextName,
        ]
        var response = try await html(
            .problem, fields, for: caller, status: HTTPResponse.Status(code: problem.status))
        response.headers.append(contentsOf: Problem.headers(for: error))
        return response
    }
}

extension Response {
    /// To another page of ours, to be got there.
    static func redirect(to path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }

    /// To the log-in, and back to where the request was going if that is a page, or to the page that a form stands on.
    static func toLogIn(from request: Request) -> Response {
        let isPage = request.method == .get || request.method == .head
        let target = LocalTarget(isPage ? request.pageOfFile ?? request.uri.string : request.pageOfForm)
        let next = target.path.split(separator: "/", omittingEmptySubsequences: false)
            .map { PercentEncoding.encode(String($0)) }.joined(separator: "/")
        return .redirect(to: target == .home ? "/login" : "/login?next=\(next)")
    }
}

extension Request {
    /// The page that offers the file which is asked for here: `/events` for `/events.csv`, of the same choice. A file that is saved leaves people on the log-in.
    fileprivate var pageOfFile: String? {
        guard uri.path == "/events.csv" else { return nil }
        return uri.query.map { "/events?\($0)" } ?? "/events"
    }

    /// The page with the form that is sent here: `/users` for `/users/change`.
    fileprivate var pageOfForm: String {
        let page = "/" + (uri.path.split(separator: "/").first ?? "")
        return uri.query.map { "\(page)?\($0)" } ?? page
    }
}

extension String {
    /// A message of the domain as a sentence on a page.
    var sentence: String { prefix(1).uppercased() + dropFirst() + (hasSuffix(".") ? "" : ".") }
}
