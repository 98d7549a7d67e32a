/// A route of the pages, with what it answers each visitor.
struct PageRoute: Sendable {
    /// Such as `GET /users`.
    let name: String
    /// The path with its query; `{who}` stands for the visitor.
    let address: String
    /// What a form says, beside the session's token.
    let form: [String: String]?
    /// Whether the visitor's session is over afterwards.
    var endsSession = false
    private let outcomes: [PageVisitor: PageOutcome]

    /// - Parameters:
    ///   - name: Such as `GET /users`.
    ///   - address: The path with its query, if the path alone is not enough.
    ///   - form: What a form says.
    ///   - outcomes: For nobody, the user, the admin of the same company, that of another, the super user.
    ///   - newcomer: For who has to change the password first.
    init(
        _ name: String, at address: String? = nil, form: [String: String]? = nil, _ outcomes: [PageOutcome],
        newcomer: PageOutcome = "/profile"
    ) {
        self.name = name
        self.address = address ?? String(name.drop { $0 != "/" })
        self.form = form
        self.outcomes = Dictionary(uniqueKeysWithValues: zip(PageVisitor.allCases, outcomes + [newcomer]))
    }

    /// One that answers everybody alike.
    init(_ name: String, at address: String? = nil, form: [String: String]? = nil, everybody outcome: PageOutcome) {
        self.init(name, at: address, form: form, Array(repeating: outcome, count: 5), newcomer: outcome)
    }

    var method: String { String(name.prefix { $0 != " " }) }

    func outcome(for visitor: PageVisitor) -> PageOutcome? { outcomes[visitor] }

    func address(for visitor: PageVisitor) -> String { address.replacing("{who}", with: visitor.rawValue) }

    func form(for visitor: PageVisitor) -> [String: String] {
        (form ?? [:]).mapValues { $0.replacing("{who}", with: visitor.rawValue) }
    }
}

/// Who asks for a page. Gateway `gw2` is of the company of the first two, `gw3` of the other admin's.
enum PageVisitor: String, CaseIterable {
    case nobody, user, admin, stranger, root, newcomer
}

/// A status, or where the answer leads: a path with its whole query, or without any, or up to a value that is not known beforehand.
enum PageOutcome: Equatable, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
    case status(UInt)
    case leads(to: String)

    init(integerLiteral status: UInt) { self = .status(status) }
    init(stringLiteral path: String) { self = .leads(to: path) }

    func fits(_ answer: Answer) -> Bool {
        switch self {
        case .status(let status): answer.status == status
        case .leads(let path):
            answer.status == 303
                && answer.headers["location"].map {
                    $0 == path || (path.hasSuffix("=") ? $0.hasPrefix(path) : $0.hasPrefix(path + "?"))
                } == true
        }
    }

    /// Whether nothing may have happened.
    var isRefusal: Bool {
        switch self {
        case .status(let status): status >= 400
        case .leads(let path): path == "/login"
        }
    }
}

extension PageRoute {
    static let all = frame + people + companies + releases + upgrades + gateways + last

    private static let frame = [
        PageRoute("GET /style.css", everybody: 200), PageRoute("GET /script.js", everybody: 200),
        PageRoute("GET /favicon.svg", everybody: 200), PageRoute("GET /favicon.ico", everybody: "/favicon.svg"),
        PageRoute("GET /healthz", everybody: 200), PageRoute("GET /readyz", everybody: 200),
        // From this machine alone; what others are answered is tested elsewhere.
        PageRoute("GET /metrics", everybody: 200),
        PageRoute("GET /", ["/login", 200, 200, 200, 200]),
        PageRoute("GET /", at: "/?company=2", ["/login", 200, 200, 404, 200]),
        PageRoute("GET /login", [200, "/", "/", "/", "/"], newcomer: "/"),
        PageRoute("POST /login", form: ["username": "nobody@example.com", "password": "a guess"], everybody: 401),
        PageRoute("GET /profile", ["/login", 200, 200, 200, 200], newcomer: 200),
        PageRoute(
            "POST /profile", form: ["name": "{who}"],
            ["/login"] + Array(repeating: "/profile?saved=name", count: 4), newcomer: "/profile?saved=name"),
        PageRoute(
            "POST /profile",
            form: ["currentPassword": "a guess", "password": "long enough", "repeatedPassword": "long enough"],
            ["/login", 422, 422, 422, 422], newcomer: 422),
        PageRoute("GET /profile/tokens", everybody: "/profile"),
        // The second is the admin's.
        PageRoute(
            "POST /profile/tokens", form: ["tokenName": "of {who}", "tokenDays": "30"],
            ["/login", 200, 200, 200, 200]),
        PageRoute("GET /profile/tokens/revoke", at: "/profile/tokens/revoke?id=2", ["/login", 404, 200, 404, 404]),
        PageRoute(
            "POST /profile/tokens/revoke", form: ["id": "2"],
            ["/login", 404, "/profile?saved=revocation", 404, 404]),
        PageRoute("GET /events", ["/login", 403, 200, 200, 200]),
        PageRoute("GET /events.csv", ["/login", 403, 200, 200, 200]),
    ]

    private static let people = [
        PageRoute("GET /users", ["/login", 403, 200, 200, 200]),
        PageRoute(
            "POST /users",
            form: ["username": "new-{who}", "name": "", "role": "user", "companyId": "2", "password": "long enough"],
            ["/login", 403, "/users?done=created", 403, "/users?done=created"]),
        PageRoute("GET /users/change", at: "/users/change?username=old-{who}", ["/login", 403, 200, 404, 200]),
        PageRoute(
            "POST /users/change",
            form: ["username": "old-{who}", "name": "Old", "role": "admin", "companyId": "2"],
            ["/login", 403, "/users?done=changed", 404, "/users?done=changed"]),
        PageRoute(
            "POST /users/change",
            form: ["username": "old-{who}", "name": "Old", "role": "user", "companyId": "3"],
            ["/login", 403, 403, 404, "/users?done=changed"]),
        PageRoute(
            "POST /users/change",
            form: ["username": "old-{who}", "name": "Old", "role": "super", "companyId": "1"],
            ["/login", 403, 403, 404, "/users?done=changed"]),
        PageRoute(
            "POST /users/password", form: ["username": "old-{who}", "password": "another one"],
            ["/login", 403, "/users?done=password", 404, "/users?done=password"]),
        PageRoute("GET /users/remove", at: "/users/remove?username=old-{who}", ["/login", 403, 200, 404, 200]),
        PageRoute(
            "POST /users/remove", form: ["username": "old-{who}"],
            ["/login", 403, "/users?done=removed", 404, "/users?done=removed"]),
    ]

    private static let companies = [
        PageRoute("GET /companies", ["/login", 403, 403, 403, 200]),
        PageRoute(
            "POST /companies", form: ["id": "of-{who}", "name": "New", "registered": "yes"],
            ["/login", 403, 403, 403, "/companies?done=created"]),
        PageRoute("GET /companies/change", at: "/companies/change?id=2", ["/login", 403, 403, 403, 200]),
        PageRoute("GET /companies/change", at: "/companies/change?id=none", ["/login", 403, 403, 403, 404]),
        PageRoute(
            "POST /companies/change", form: ["id": "2", "name": "Company 2"],
            ["/login", 403, 403, 403, "/companies?done=changed"]),
    ]

    private static let releases = [
        PageRoute("GET /releases", ["/login", 200, 200, 200, 200]),
        PageRoute(
            "POST /releases", form: ["version": "7.5", "file": "an executable"],
            ["/login", 403, 403, 403, "/releases?done=added"]),
        PageRoute("GET /releases/remove", at: "/releases/remove?version=1.0", ["/login", 403, 403, 403, 200]),
        PageRoute(
            "POST /releases/remove", form: ["version": "1.0"],
            ["/login", 403, 403, 403, "/releases?done=removed"]),
    ]

    private static let upgrades =
        [
            PageRoute("GET /upgrade", ["/login", 403, 200, 200, 200]),
            PageRoute("GET /upgrade", at: "/upgrade?order=1", ["/login", 403, 200, 200, 200]),
        ]
        + ["gateway.gw2", "company", "all"].flatMap { target in
            let form = ["version": "1.2", "list": "", target: target == "company" ? "2" : "on"]
            let isForeign = target != "all"
            return [
                PageRoute("POST /upgrade/confirm", form: form, ["/login", 403, 200, isForeign ? 422 : 200, 200]),
                PageRoute(
                    "POST /upgrade/order", form: form,
                    [
                        "/login", 403, "/upgrade?ordered=", isForeign ? 422 : "/upgrade?ordered=",
                        "/upgrade?ordered=",
                    ]),
            ]
        }
        + [
            PageRoute(
                "POST /upgrade/confirm", form: ["version": "older", "gateway.gw2": "on"],
                ["/login", 403, 200, 422, 200]),
            // The first order is for gateway `gw2` alone.
            PageRoute("GET /upgrade/cancel", at: "/upgrade/cancel?order=1", ["/login", 403, 200, 404, 200]),
            PageRoute("GET /upgrade/cancel", at: "/upgrade/cancel?order=none", ["/login", 403, 404, 404, 404]),
            PageRoute(
                "POST /upgrade/cancel", form: ["order": "1"],
                ["/login", 403, "/upgrade?order=1&done=cancelled", 404, "/upgrade?order=1&done=cancelled"]),
        ]
        + ["/upgrade/confirm", "/upgrade/order"].map { path in
            // One that is not theirs, and nothing is ordered for the other either.
            PageRoute(
                "POST \(path)", form: ["version": "1.2", "gateway.gw2": "on", "gateway.gw3": "on"],
                ["/login", 403, 422, 422, path.hasSuffix("order") ? "/upgrade?ordered=" : 200])
        }

    private static let gateways =
        [
            PageRoute("GET /gateways/{id}", at: "/gateways/gw2", everybody: "/gateway?id=gw2"),
            PageRoute("GET /gateway", at: "/gateway?id=gw2", ["/login", 403, 200, 404, 200]),
            PageRoute("GET /gateway", at: "/gateway?id=none", ["/login", 403, 404, 404, 404]),
            action("enroll", [200, 404, 200]),
        ]
        + ["change", "disable", "enable", "approve"].map { name in
            let done = PageOutcome.leads(to: "/gateway?id=gw2&done=\(name)")
            return action(
                name, setting: name == "change" ? ["name": "Gateway", "latitude": "47.1"] : [:], [done, 404, done])
        } + [
            // There is nothing to revoke any more for the last.
            action("revoke", ["/gateway?id=gw2&done=revoke", 404, 409]), action("explode", [422, 422, 422]),
            action("move", setting: ["companyId": "2"], [403, 403, "/gateway?id=gw2&done=move"]),
            PageRoute("GET /gateway/remove", at: "/gateway/remove?id=gw-{who}", ["/login", 403, 200, 404, 200]),
            PageRoute(
                "POST /gateway/remove", at: "/gateway/remove?id=gw-{who}", form: [:],
                ["/login", 403, "/upgrade?done=removed", 404, "/upgrade?done=removed"]),
        ]

    private static func action(
        _ name: String, setting fields: [String: String] = [:], _ outcomes: [PageOutcome]
    ) -> PageRoute {
        PageRoute(
            "POST /gateway", at: "/gateway?id=gw2", form: fields.merging(["action": name]) { $1 },
            ["/login", 403] + outcomes)
    }

    private static let last = [
        ending(
            PageRoute(
                "POST /login",
                form: ["username": Person.user2.rawValue, "password": Person.user2.rawValue, "next": "/releases"],
                everybody: "/releases")),
        ending(PageRoute("POST /logout", form: [:], everybody: "/login")),
    ]

    private static func ending(_ route: PageRoute) -> PageRoute {
        var route = route
        route.endsSession = true
        return route
    }
}
