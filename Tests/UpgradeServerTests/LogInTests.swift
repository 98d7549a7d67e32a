import Testing
import UpgradeServer

@Suite("Logging in and out", .serialized)
struct LogInTests {
    @Test("A right pair gets a cookie that no script reads, and a wrong one learns only that it is wrong")
    func pair() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let answer = try await server.tryLogIn("ADMIN2@example.com", Person.admin2.rawValue)
            #expect(answer.status == 200)
            #expect(answer.body.contains(#""username":"admin2@example.com""#))
            let cookie = try #require(answer.headers["set-cookie"])
            #expect(cookie.wholeMatch(of: /um_session=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Strict/) != nil)
            let me = try await server.send(
                "GET", "/api/v1/me", headers: [("Cookie", try #require(answer.cookie))])
            #expect(me.status == 200)
            #expect(try me.member("username") == "admin2@example.com")
            #expect(try me.member("csrfToken") == answer.member("csrfToken"))

            let wrong = try await server.tryLogIn(Person.admin2.rawValue, "a guess")
            let unknown = try await server.tryLogIn("nobody", "a guess")
            #expect(wrong.status == 401)
            #expect(wrong.headers["set-cookie"] == nil)
            #expect(wrong.headers["content-type"] == "application/problem+json")
            #expect(wrong.body == unknown.body)
            #expect(wrong.body.contains("the user name or the password is wrong"))
        }
    }

    @Test("A log-in is JSON of two members, from our own origin")
    func malformed() async throws {
        try await withLogInServer { server in
            let path = "/api/v1/session"
            #expect(try await server.send("POST", path, json: #"{"username":"x"}"#).status == 422)
            let more = #"{"username":"x","password":"y","role":"super"}"#
            #expect(try await server.send("POST", path, json: more).status == 422)
            let form = try await server.sendForm(path, ["username": "x", "password": "y"])
            #expect(form.status == 415)
            let foreign = try await server.tryLogIn("x", "y", headers: [("Origin", "http://evil.example")])
            #expect(foreign.status == 403)
        }
    }

    @Test("Logging out ends the session, and logging in anew replaces it")
    func ending() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.user2)
            let again = try await server.tryLogIn(
                Person.user2.rawValue, Person.user2.rawValue, headers: [("Cookie", visitor.cookie)])
            #expect(again.status == 200)
            #expect(again.cookie != visitor.cookie)
            #expect(try await server.send("GET", "/api/v1/me", headers: visitor.headers).status == 401)
            let next = Visitor(
                cookie: try #require(again.cookie), csrfToken: try #require(try again.member("csrfToken")))
            let gone = try await server.send("DELETE", "/api/v1/session", headers: next.headers)
            #expect(gone.status == 204)
            #expect(gone.headers["set-cookie"]?.contains("um_session=; Max-Age=0") == true)
            #expect(try await server.send("GET", "/api/v1/me", headers: next.headers).status == 401)
            #expect(try await server.send("DELETE", "/api/v1/session", headers: next.headers).status == 401)
        }
    }

    @Test("Behind a proxy that ends TLS the cookie is secure, and the last forwarded address counts")
    func proxy() async throws {
        try await withLogInServer(configuredBy: { $0.behindProxy = true }) { server in
            try await server.addPeople()
            func attempt(_ password: String, from addresses: String) async throws -> Answer {
                try await server.tryLogIn(
                    Person.user2.rawValue, password, headers: [("X-Forwarded-For", addresses)])
            }
            for number in 0..<10 {
                // What stands before the last address is the client's own invention.
                #expect(try await attempt("a guess", from: "192.0.2.\(number), 198.51.100.7").status == 401)
            }
            let blocked = try await attempt(Person.user2.rawValue, from: "198.51.100.7")
            #expect(blocked.status == 429)
            let wait = try #require(blocked.headers["retry-after"].flatMap { Int($0) })
            #expect((1...300).contains(wait))
            #expect(blocked.body.contains("try again in"))
            let answer = try await attempt(Person.user2.rawValue, from: "198.51.100.7, 192.0.2.1")
            #expect(answer.status == 200, "another address is not blocked")
            #expect(answer.headers["set-cookie"]?.hasPrefix("__Host-um_session=") == true)
            #expect(answer.headers["set-cookie"]?.hasSuffix("; Secure") == true)
            let other = try await server.tryLogIn(
                Person.admin3.rawValue, Person.admin3.rawValue, headers: [("X-Forwarded-For", "198.51.100.7")])
            #expect(other.status == 200, "another account is not blocked")
        }
    }

    @Test("One address that tries many accounts is turned away, and nobody else is", .timeLimit(.minutes(1)))
    func spraying() async throws {
        try await withLogInServer(configuredBy: { $0.behindProxy = true }) { server in
            try await server.addPeople()
            func attempt(_ username: String, _ password: String, from address: String) async throws -> Answer {
                try await server.tryLogIn(username, password, headers: [("X-Forwarded-For", address)])
            }
            for number in 0..<100 {
                if number == 50 {
                    let right = try await attempt(Person.user2.rawValue, Person.user2.rawValue, from: "192.0.2.9")
                    #expect(right.status == 200, "which forgives nothing that was done to other accounts")
                }
                #expect(try await attempt("user\(number)", "a guess", from: "192.0.2.9").status == 401)
            }
            let blocked = try await attempt("another", "a guess", from: "192.0.2.9")
            #expect(blocked.status == 429)
            #expect(blocked.body.contains("too many failed attempts from this address"))
            #expect(blocked.headers["retry-after"] != nil)
            for username in ["user1", Person.user2.rawValue] {
                let elsewhere = try await attempt(username, Person.user2.rawValue, from: "192.0.2.10")
                #expect(elsewhere.status == (username == "user1" ? 401 : 200))
            }
        }
    }

    @Test("The present password cannot be guessed by way of the profile")
    func guessing() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.user2)
            func change(_ current: String) async throws -> Answer {
                try await server.send(
                    "PATCH", "/api/v1/me", json: #"{"currentPassword":"\#(current)","password":"another one"}"#,
                    headers: visitor.headers)
            }
            for _ in 0..<10 { #expect(try await change("a guess").status == 422) }
            #expect(try await change(Person.user2.rawValue).status == 429)
        }
    }

    @Test("Many who log in at once all get in")
    func crowd() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let statuses = try await withThrowingTaskGroup(of: UInt.self) { group in
                // As many as are compared at a time, and as many as one address may have waiting.
                for _ in 0..<12 {
                    group.addTask { try await server.tryLogIn(Person.user2.rawValue, Person.user2.rawValue).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 12))
        }
    }

    @Test("Who logs in with the well-known password can do nothing but change it")
    func mustChangePassword() async throws {
        try await withLogInServer { server in
            let visitor = try await server.logIn("super@gushenxing.com", "gushenxing123")
            func send(_ method: String, _ path: String, json: String? = nil) async throws -> Answer {
                try await server.send(method, path, json: json, headers: visitor.headers)
            }
            for path in ["/gateways", "/users", "/openapi.json", "/stream"] {
                let refused = try await send("GET", "/api/v1" + path)
                #expect(refused.status == 403)
                #expect(try refused.member("type") == "urn:upgrade-manager:password-change-required")
            }
            #expect(try await send("GET", "/").headers["location"] == "/profile")
            #expect(try await send("GET", "/profile").body.contains("Change the password before anything else"))
            #expect(try await send("GET", "/api/v1/me").member("mustChangePassword") == "true")
            let change = #"{"currentPassword":"gushenxing123","password":"a better one"}"#
            #expect(try await send("PATCH", "/api/v1/me", json: change).member("mustChangePassword") == "false")
            #expect(try await send("GET", "/api/v1/gateways").status == 200)
        }
    }

    @Test("Where nobody logs in there is no session", arguments: Entrance.allCases)
    func noSessions(entrance: Entrance) async throws {
        try await withServer(configuredBy: { $0.plaintext = true }) { server in
            let json = #"{"username":"super@gushenxing.com","password":"gushenxing123"}"#
            let answer = try await server.send("POST", "/api/v1/session", json: json, over: entrance)
            #expect(answer.status == 409)
            #expect(answer.headers["set-cookie"] == nil)
            #expect(try await server.send("DELETE", "/api/v1/session", over: entrance).status == 409)
            #expect(try await server.send("GET", "/api/v1/me", over: entrance).member("csrfToken") == nil)
        }
    }
}
