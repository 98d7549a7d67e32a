import Logging
import Synchronization
import Testing
import UpgradeCore
import UpgradeServer

@Suite("API tokens on the profile", .serialized)
struct TokenPageTests {
    @Test("A token is made, shown once in an answer that nobody keeps, listed without its secret, and revoked")
    func life() async throws {
        let log = LoggedText()
        let logger = Logger(label: "test") { _ in log.handler }
        try await withLogInServer(logger: logger) { server in
            try await server.addPeople()
            let user = try await server.logIn(.user2)
            func profile(_ query: String = "") async throws -> String {
                try await server.send("GET", "/profile" + query, headers: user.browser).body
            }
            #expect(try await profile().contains("You have none."))
            let form = ["tokenName": "<b>build", "tokenDays": "7"]
            let made = try await server.submit("/profile/tokens", form, by: user)
            #expect(made.status == 200 && made.headers["location"] == nil && made.headers["set-cookie"] == nil)
            #expect(made.headers["cache-control"] == "no-store")
            #expect(made.body.contains("shown this once") && made.body.contains(#"aria-current="page">user2@"#))
            let secret = try #require(made.secret)
            #expect(made.body.contains("&lt;b&gt;build") && !made.body.contains("<b>build"))
            let bearer = [("Authorization", "Bearer \(secret)")]
            #expect(
                try await server.send("GET", "/api/v1/me", headers: bearer).member("username") == "user2@example.com")

            let list = try await profile()
            #expect(list.contains("&lt;b&gt;build") && !list.contains(secret) && !list.contains("You have none."))
            #expect(list.contains(#"href="/profile/tokens/revoke?id=1""#))
            let question = try await server.send("GET", "/profile/tokens/revoke?id=1", headers: user.browser)
            #expect(question.body.contains("Revoke the token <bdi>&lt;b&gt;build") && !question.body.contains(secret))
            #expect(try await server.send("GET", "/api/v1/me", headers: bearer).status == 200, "asked, not done")
            let revoked = try await server.submit("/profile/tokens/revoke", ["id": "1"], by: user)
            #expect(revoked.headers["location"] == "/profile?saved=revocation")
            #expect(try await profile("?saved=revocation").contains("The token is revoked."))
            #expect(try await server.send("GET", "/api/v1/me", headers: bearer).status == 401)
            for path in ["/profile/tokens/revoke?id=1", "/profile/tokens/revoke?id=x", "/profile/tokens/revoke"] {
                let gone = try await server.send("GET", path, headers: user.browser)
                #expect(gone.status == 404 && gone.body.contains(#"href="/profile">Back"#), "\(path)")
            }
            let events = try await server.send("GET", "/api/v1/events", over: .controlSocket).body
            #expect(events.contains("tokenCreated") && events.contains("tokenRevoked") && !events.contains(secret))
            #expect(log.text.contains("logged in") && !log.text.contains(secret))
        }
    }

    @Test("What is wrong with the form stands beside the field; the choice of a life is a choice")
    func problems() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let user = try await server.logIn(.user2)
            func make(_ name: String, _ days: String?) async throws -> Answer {
                var form = ["tokenName": name]
                form["tokenDays"] = days
                return try await server.submit("/profile/tokens", form, by: user)
            }
            for (name, days, id) in [
                ("", "7", "token-name-problem"), ("a\u{7}", "7", "token-name-problem"),
                ("a\u{202E}", "7", "token-name-problem"),
                ("kept", nil, "token-days-problem"), ("kept", "8", "token-days-problem"),
                ("kept", "99999999999999999999", "token-days-problem"), ("kept", "-7", "token-days-problem"),
            ] as [(String, String?, String)] {
                let refused = try await make(name, days)
                #expect(refused.status == 422 && refused.secret == nil, "\(name) \(days ?? "")")
                #expect(refused.body.contains(#"id="\#(id)""#) && !refused.body.contains(#"id="name-problem""#))
                #expect(name != "kept" || refused.body.contains(#"value="kept""#))
            }
            for days in ["7", "30", "90", "365"] { #expect(try await make("x", days).secret != nil, "\(days)") }
            let filled = try await server.send("GET", "/api/v1/tokens", headers: user.headers).member("total")
            #expect(filled == "4")
            for _ in 4..<APITokenRules.tokensPerUser { #expect(try await make("x", "30").status == 200) }
            let full = try await make("one more", "365")
            #expect(full.status == 409 && full.secret == nil)
            #expect(full.body.contains("revoke one that is no longer used"))
            #expect(full.body.contains(#"<option value="365" selected>"#))
            #expect(full.body.components("/profile/tokens/revoke?id=") == APITokenRules.tokensPerUser)
        }
    }

    @Test("A program sees and revokes its owner's tokens, and makes none")
    func program() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let user = try await server.logIn(.user2)
            let form = ["tokenName": "x", "tokenDays": "7"]
            let secret = try #require(try await server.submit("/profile/tokens", form, by: user).secret)
            let headers = [("Authorization", "Bearer \(secret)"), ("Accept", "text/html")]
            let refused = try await server.sendForm("/profile/tokens", form, headers: headers)
            #expect(refused.status == 403 && refused.secret == nil)
            let page = try await server.send("GET", "/profile", headers: headers).body
            #expect(page.contains("/profile/tokens/revoke?id=1") && !page.contains("Make the token"))
            let revoked = try await server.sendForm("/profile/tokens/revoke", ["id": "1"], headers: headers)
            #expect(revoked.status == 303)
            #expect(try await server.send("GET", "/profile", headers: headers).status == 303, "it is out")
        }
    }

    @Test("Where nobody logs in, there are none, and the page says why")
    func withoutLogIn() async throws {
        try await withServer { server in
            let page = try await server.send("GET", "/profile").body
            #expect(page.contains("Nobody logs in here") && !page.contains("Make the token"))
            let made = try await server.sendForm("/profile/tokens", ["tokenName": "x", "tokenDays": "7"])
            #expect(made.status == 409 && made.secret == nil)
            #expect(try await server.send("GET", "/profile/tokens/revoke?id=1").status == 409)
            #expect(try await server.sendForm("/profile/tokens/revoke", ["id": "1"]).status == 409)
        }
    }
}

extension Answer {
    /// The token that the page shows.
    fileprivate var secret: String? {
        body.firstMatch(of: #/<code>([0-9a-f]{32})</code>/#).map { String($0.output.1) }
    }
}

extension String {
    /// How often it contains `text`.
    fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}

/// Everything that is logged.
private final class LoggedText: Sendable {
    private let lines = Mutex("")

    var text: String { lines.withLock { $0 } }

    var handler: Handler { Handler(record: self) }

    struct Handler: LogHandler {
        let record: LoggedText
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            record.lines.withLock { $0 += "\(event.message) \(metadata) \(event.metadata ?? [:])\n" }
        }
    }
}
