import Hummingbird
import Logging
import Testing

@testable import UpgradeCore
@testable import UpgradeServer

/// Who may use which page and which form, written down a second time and tried in full.
@Suite("Pages and roles", .serialized)
struct PageAccessTests {
    @Test("Every route that is mounted has its row, and each row its route", .timeLimit(.minutes(2)))
    func routes() async throws {
        let mounted = try await mountedRoutes()
        let isAPI = { (route: String) in route.contains(" \(Dispatcher.prefix)/") }
        let rows = Set(PageRoute.all.map(\.name))
        let described = Set(
            RouteAccessTests.table.keys.map { $0.replacing(" ", with: " \(Dispatcher.prefix)", maxReplacements: 1) })
        #expect(rows.subtracting(mounted).isEmpty)
        #expect(described.subtracting(mounted).isEmpty)
        #expect(!rows.contains(where: isAPI))
        // What else is mounted is there to refuse other methods, whoever asks.
        try await withServer { server in
            for route in mounted.subtracting(rows).subtracting(described).sorted() {
                let parts = route.split(separator: " ").map(String.init)
                let path = parts[1].replacing("{version}", with: "1.0").replacing("{id}", with: "1")
                let answer = try await server.send(parts[0], path)
                #expect(answer.status == 405, "\(route) has no row")
            }
            // Every path says so, rather than that there is nothing.
            for path in Set(rows.compactMap { $0.split(separator: " ").last.map(String.init) }) {
                for method in ["POST", "PUT", "PATCH", "DELETE"] where !rows.contains("\(method) \(path)") {
                    #expect(mounted.contains("\(method) \(path)"), "\(method) \(path)")
                }
            }
        }
    }

    @Test("Every row, for nobody and for each role", .timeLimit(.minutes(5)))
    func table() async throws {
        try await withPeopleAndFleet { server, visitors in
            for route in PageRoute.all {
                for who in PageVisitor.allCases {
                    let fresh = route.endsSession ? try await server.logIn(who) : visitors[who]
                    try await check(route, for: who, fresh, on: server)
                }
            }
        }
    }

    @Test("A form without the session's token, with another's or from elsewhere does nothing", .timeLimit(.minutes(5)))
    func forgeries() async throws {
        try await withPeopleAndFleet { server, visitors in
            let before = try await server.eventCount()
            for route in PageRoute.all where route.method == "POST" {
                for who in PageVisitor.allCases {
                    let (address, form) = (route.address(for: who), route.form(for: who))
                    let visitor = visitors[who]
                    let token = visitor.map { ["csrfToken": $0.csrfToken] } ?? [:]
                    let foreign = try await server.sendForm(
                        address, form.merging(token) { $1 },
                        headers: (visitor?.browser ?? []) + [("Origin", "http://evil.example")])
                    #expect(foreign.status == 403, "\(route.name) from elsewhere, \(who)")
                    guard let visitor, route.name != "POST /login" else { continue }
                    let other = try #require(visitors[who == .root ? .admin : .root])
                    for token in [[:], ["csrfToken": ""], ["csrfToken": other.csrfToken]] {
                        let answer = try await server.sendForm(
                            address, form.merging(token) { $1 }, headers: visitor.browser)
                        #expect(answer.status == 403, "\(route.name) with \(token), \(who)")
                        #expect(answer.body.contains("This form is out of date"), "\(route.name), \(who)")
                    }
                }
            }
            #expect(try await server.eventCount() == before)
        }
    }

    @Test("A form with a field that it does not have is refused whole", .timeLimit(.minutes(5)))
    func unknownFields() async throws {
        try await withPeopleAndFleet { server, visitors in
            let before = try await server.eventCount()
            for route in PageRoute.all where route.method == "POST" {
                for who in PageVisitor.allCases {
                    var form = route.form(for: who)
                    form["isSuper"] = "true"
                    form["csrfToken"] = visitors[who]?.csrfToken
                    let answer = try await server.sendForm(
                        route.address(for: who), form, headers: visitors[who]?.browser ?? [])
                    let outcome = try #require(route.outcome(for: who))
                    // Who may not send the form at all is told that.
                    let isSentAway = outcome == "/login" && who == .nobody || outcome == "/profile"
                    let isAsEver = (isSentAway || outcome == 403) && outcome.fits(answer)
                    #expect(answer.status == 422 || isAsEver, "\(route.name) \(form), \(who): \(answer.status)")
                    #expect(answer.headers["set-cookie"] == nil)
                }
            }
            #expect(try await server.eventCount() == before)
            for (path, form) in [
                ("/gateway?id=gw2", ["action": "change", "name": "N", "companyId": "3"]),
                ("/gateway?id=gw2", ["action": "disable", "name": "N"]),
                ("/profile", ["name": "N", "role": "super"]),
                ("/users/password", ["username": "old-admin", "password": "long enough", "role": "admin"]),
            ] {
                let admin = try #require(visitors[.admin])
                #expect(try await server.submit(path, form, by: admin).status == 422, "\(path) \(form)")
            }
            #expect(try await server.eventCount() == before)
        }
    }

    @Test("Every form of a page has the fields that its route knows", .timeLimit(.minutes(5)))
    func formsOfPages() async throws {
        try await withPeopleAndFleet { server, visitors in
            let root = try #require(visitors[.root])
            var forms: Set<PageForm> = []
            for route in PageRoute.all where route.outcome(for: .root) == 200 && !route.name.contains("tokens") {
                let page =
                    route.form == nil
                    ? try await server.send("GET", route.address(for: .root), headers: root.browser)
                    : try await server.submit(route.address(for: .root), route.form(for: .root), by: root)
                forms.formUnion(PageForm.all(in: page.body))
            }
            // Logging out comes last.
            for form in forms.sorted(by: { ($0.action == "/logout" ? 1 : 0) < ($1.action == "/logout" ? 1 : 0) }) {
                for button in form.buttons.isEmpty ? [[:]] : form.buttons {
                    let fields = form.fields.merging(button) { $1 }
                    let answer = try await server.submit(form.action, fields, by: root)
                    #expect(!answer.body.contains("no such field"), "\(form.action) \(fields)")
                }
            }
            let actions = Set(forms.map { String($0.action.prefix { $0 != "?" }) })
            let rows = Set(PageRoute.all.filter { $0.method == "POST" }.map { String($0.name.dropFirst(5)) })
            #expect(actions.isSubset(of: rows))
            #expect(rows.subtracting(actions) == ["/login", "/profile/tokens/revoke"], "no page leads there")
        }
    }

    private func check(
        _ route: PageRoute, for who: PageVisitor, _ visitor: Visitor?, on server: Server.Endpoints
    ) async throws {
        let address = route.address(for: who)
        let outcome = try #require(route.outcome(for: who))
        let what: Comment = "\(route.name) \(route.form(for: who)), \(who)"
        let before = try await server.eventCount()
        var form = route.form(for: who)
        form["csrfToken"] = visitor?.csrfToken
        let headers = visitor?.browser ?? [("Accept", "text/html")]
        let answer =
            route.form == nil
            ? try await server.send(route.method, address, headers: headers)
            : try await server.sendForm(address, form, headers: headers)
        #expect(outcome.fits(answer), "\(what): \(answer.status) \(answer.headers["location"] ?? "")")
        if outcome.isRefusal, route.name != "POST /logout" {
            #expect(try await server.eventCount() == before, "\(what): something happened")
        }
        if answer.status >= 400 {
            #expect(answer.headers["content-type"] == "text/html; charset=utf-8", "\(what)")
        }
        // What is of the other company is in no answer, if it was not in the request.
        let hidden: [String] =
            switch who {
            case .nobody, .newcomer: ["gw2", "gw3", "Company 2", "Company 3", "admin2@", "admin3@"]
            case .user, .admin: ["gw3", "Company 3", "admin3@"]
            case .stranger: ["gw2", "Company 2", "admin2@", "user2@", "old-"]
            case .root: []
            }
        for text in hidden where !address.contains(text) && !form.description.contains(text) {
            #expect(!answer.body.contains(text), "\(what): \(text)")
        }
        guard route.method == "GET" else { return }
        let head = try await server.send("HEAD", address, headers: headers)
        #expect(outcome.fits(head) && head.body.isEmpty, "HEAD \(what)")
    }

    private func withPeopleAndFleet(
        _ body: (Server.Endpoints, [PageVisitor: Visitor]) async throws -> Void
    ) async throws {
        let visitors = PageVisitor.allCases
        try await withFleet(and: visitors.map { ("gw-\($0.rawValue)", "2") }) { server in
            for visitor in visitors {
                let user =
                    #"{"username":"old-\#(visitor.rawValue)","role":"user","companyId":"2","password":"long enough"}"#
                let made = try await server.send("POST", "/api/v1/users", json: user, over: .controlSocket)
                try #require(made.status == 201, "\(made.body)")
            }
            let order = #"{"version":1.2,"target":{"gateways":["gw2"]}}"#
            let ordered = try await server.send("POST", "/api/v1/deployments", json: order, over: .controlSocket)
            try #require(ordered.status == 201, "\(ordered.body)")
            var loggedIn: [PageVisitor: Visitor] = [:]
            for visitor in visitors { loggedIn[visitor] = try await server.logIn(visitor) }
            try await body(server, loggedIn)
        }
    }

    /// What a server mounts; which of it answers does not depend on how it is configured.
    private func mountedRoutes() async throws -> Set<String> {
        try await withTemporaryFolder { path in
            var configuration = ServerConfiguration.onFreePorts(in: path)
            configuration.plaintext = true
            try configuration.dataFolder.create()
            let lock = try FolderLock(configuration.dataFolder)
            let installation = try await Installation.openOrInitialise(under: lock)
            let composition = try await Composition(
                configuration, installation, ReloadRequests(), logger: Logger(label: "test"))
            let routes = composition.router(Readiness { _ in }).routes.map {
                "\($0.method) \($0.path)".replacing(#/:(\w+)/#) { "{\($0.output.1)}" }
            }
            try installation.store.close()
            withExtendedLifetime(lock) {}
            return Set(routes)
        }
    }
}

extension Server.Endpoints {
    fileprivate func logIn(_ visitor: PageVisitor) async throws -> Visitor? {
        switch visitor {
        case .nobody: nil
        case .user: try await logIn(.user2)
        case .admin: try await logIn(.admin2)
        case .stranger: try await logIn(.admin3)
        case .root: try await logIn(Person.root)
        case .newcomer: try await logIn(Bootstrap.username, "gushenxing123")
        }
    }

    /// How many things have happened. Nothing changes without one.
    fileprivate func eventCount() async throws -> String {
        try #require(try await send("GET", "/api/v1/events?limit=1", over: .controlSocket).member("total"))
    }
}
