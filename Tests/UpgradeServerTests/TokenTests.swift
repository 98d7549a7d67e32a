import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Testing
import UpgradeCore

@testable import UpgradeServer

@Suite("API tokens", .serialized)
struct TokenTests {
    @Test("A token acts as its owner on every route, without cookie and CSRF token, until it is revoked")
    func life() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.root)
            let made = try await server.makeToken("build server", as: visitor)
            let secret = try #require(try made.member("token"))
            let id = try #require(try made.member("id"))
            #expect(secret.count == 32)
            let list = try await server.send("GET", "/api/v1/tokens", headers: visitor.headers).body
            #expect(list.contains("build server") && !list.contains(secret))

            func send(_ method: String, _ path: String, json: String? = nil) async throws -> Answer {
                try await server.send(method, "/api/v1" + path, json: json, headers: bearer(secret))
            }
            #expect(try await send("GET", "/me").member("username") == Person.root.rawValue)
            #expect(try await send("GET", "/me").member("csrfToken") == nil)
            let company = #"{"id":"7","name":"Seven"}"#
            #expect(try await send("POST", "/companies", json: company).status == 201)
            let upload = try await server.send("PUT", "/api/v1/releases/1.2", bytes: [1], headers: bearer(secret))
            #expect(upload.status == 201)
            #expect(try await send("DELETE", "/session").status == 409)
            #expect(try await server.send("GET", "/", headers: bearer(secret)).status == 200)
            let foreign = try await server.send(
                "POST", "/api/v1/companies", json: company,
                headers: bearer(secret) + [("Origin", "http://evil.example")])
            #expect(foreign.status == 403)

            let another = try await send("POST", "/tokens", json: #"{"name":"child"}"#)
            #expect(another.status == 403, "a token makes no token")
            #expect(try await send("GET", "/tokens").member("total") == "1")
            #expect(try await send("DELETE", "/tokens/\(id)").status == 204)
            let gone = try await send("GET", "/me")
            #expect(gone.status == 401)
            #expect(gone.headers["www-authenticate"] == "Bearer")
            let events = try await server.send("GET", "/api/v1/events", over: .controlSocket).body
            #expect(events.contains("tokenCreated") && events.contains("tokenRevoked") && !events.contains(secret))
        }
    }

    @Test("Everyone has the own tokens alone")
    func owners() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let (user, root) = (try await server.logIn(.user2), try await server.logIn(.root))
            let id = try #require(try await server.makeToken("mine", as: user).member("id"))
            #expect(try await server.send("GET", "/api/v1/tokens", headers: root.headers).member("total") == "0")
            for path in ["/api/v1/tokens/\(id)", "/api/v1/tokens/x", "/api/v1/tokens/99999999999999999999"] {
                #expect(try await server.send("DELETE", path, headers: root.headers).status == 404)
            }
            for (method, json) in [("GET", nil), ("POST", #"{"name":"x"}"#)] as [(String, String?)] {
                let socket = try await server.send(method, "/api/v1/tokens", json: json, over: .controlSocket)
                #expect(socket.status == 409, "the operator is no user")
            }
            #expect(try await server.send("GET", "/api/v1/tokens", headers: user.headers).member("total") == "1")
        }
    }

    @Test("A token has its owner's present role and company, and ends with the password and the owner")
    func changes() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let path = "/api/v1/users/\(Person.user2.rawValue)"
            func change(_ json: String) async throws {
                #expect(try await server.send("PATCH", path, json: json, over: .controlSocket).status == 200)
            }
            let visitor = try await server.logIn(.user2)
            let secret = try #require(try await server.makeToken("x", as: visitor).member("token"))
            func status(_ path: String) async throws -> UInt {
                try await server.send("GET", "/api/v1" + path, headers: bearer(secret)).status
            }
            #expect(try await status("/events") == 403)
            try await change(#"{"role":"admin","companyId":"3"}"#)
            #expect(try await status("/events") == 200)
            let companies = try await server.send("GET", "/api/v1/companies", headers: bearer(secret)).body
            #expect(companies.contains("Company 3") && !companies.contains("Company 2"))
            try await change(#"{"password":"another one"}"#)
            #expect(try await status("/me") == 401)

            let again = try await server.logIn(Person.user2.rawValue, "another one")
            let next = try #require(try await server.makeToken("x", as: again).member("token"))
            #expect(try await server.send("GET", "/api/v1/me", headers: bearer(next)).status == 200)
            #expect(try await server.send("DELETE", path, over: .controlSocket).status == 204)
            #expect(try await server.send("GET", "/api/v1/me", headers: bearer(next)).status == 401)
        }
    }

    @Test("Tokens outlive the daemon, and end in time")
    func expiry() async throws {
        try await withTemporaryFolder { folder in
            var configuration = ServerConfiguration.onFreePorts(in: folder)
            configuration.plaintext = false
            let (short, long) = try await withServer(on: configuration) { server in
                try await server.addPeople()
                let visitor = try await server.logIn(.user2)
                let end = RFC3339Text.now(plus: 3)
                let short = try await server.makeToken("short", expiresAt: end, as: visitor)
                #expect(try short.member("expiresAt") == end.dropLast() + ".000Z")
                let long = try await server.makeToken("long", as: visitor)
                for wrong in ["2020-01-01T00:00:00Z", RFC3339Text.now(plus: 400 * 86_400), "tomorrow"] {
                    let json = #"{"name":"x","expiresAt":"\#(wrong)"}"#
                    let refused = try await server.send("POST", "/api/v1/tokens", json: json, headers: visitor.headers)
                    #expect(refused.status == 422, "\(wrong)")
                    #expect(try refused.member("field") == "expiresAt")
                }
                return (try #require(try short.member("token")), try #require(try long.member("token")))
            }
            try await withServer(on: configuration) { server in
                func status(_ secret: String) async throws -> UInt {
                    try await server.send("GET", "/api/v1/me", headers: bearer(secret)).status
                }
                #expect(try await status(long) == 200)
                try await eventually("its time is over") { try await status(short) == 401 }
            }
        }
    }

    @Test("What is no token in force is 401, and many of them are 429 while a right one still works")
    func wrongOnes() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.user2)
            let secret = try #require(try await server.makeToken("x", as: visitor).member("token"))
            func answer(_ authorization: String) async throws -> Answer {
                try await server.send("GET", "/api/v1/me", headers: [("Authorization", authorization)])
            }
            for wrong in ["Bearer", "Bearer \(secret.uppercased())x", secret, "Basic \(secret)", "Bearer \(secret)0"] {
                #expect(try await answer(wrong).status == 401, "\(wrong)")
            }
            #expect(try await answer("bearer  \(secret)").status == 200, "the scheme's case does not matter")
            var last: Answer?
            for _ in 0..<HTTPLimits.failedTokensPerAddress {
                last = try await answer("Bearer " + String(repeating: "0", count: 32))
            }
            #expect(last?.status == 429)
            #expect(last?.headers["retry-after"] != nil)
            #expect(try await answer("Bearer \(secret)").status == 200)
            #expect(try await server.send("GET", "/api/v1/me", headers: visitor.headers).status == 200)
        }
    }

    @Test("An event stream ends with the token", .timeLimit(.minutes(1)))
    func stream() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.root)
            let made = try await server.makeToken("x", as: visitor)
            var request = HTTPClientRequest(url: "http://\(server.http.authority)/api/v1/stream")
            request.headers.add(name: "Authorization", value: "Bearer \(try #require(try made.member("token")))")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(50))
            #expect(response.status == .ok)
            let path = "/api/v1/tokens/\(try #require(try made.member("id")))"
            #expect(try await server.send("DELETE", path, headers: visitor.headers).status == 204)
            let company = #"{"id":"77","name":"Secret"}"#
            _ = try await server.send("POST", "/api/v1/companies", json: company, over: .controlSocket)
            let told = String(buffer: try await response.body.collect(upTo: 1 << 20))
            #expect(!told.contains("Secret"))
        }
    }

    @Test("Whoever has to change the password makes no token before")
    func mustChangePassword() async throws {
        try await withLogInServer { server in
            let visitor = try await server.logIn("super@gushenxing.com", "gushenxing123")
            let refused = try await server.send(
                "POST", "/api/v1/tokens", json: #"{"name":"x"}"#, headers: visitor.headers)
            #expect(refused.status == 403)
            #expect(try refused.member("type") == "urn:upgrade-manager:password-change-required")
        }
    }

    @Test("The description says how to come in")
    func description() async throws {
        try await withLogInServer { server in
            let text = try await server.send("GET", "/api/v1/openapi.json", over: .controlSocket).body
            let document = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            let schemes = document["components"]?["securitySchemes"]
            #expect(schemes?["session"]?["name"] == "um_session")
            #expect(schemes?["token"]?["scheme"] == "bearer")
            #expect(document["security"] == [["session": []], ["token": []]])
            #expect(document["paths"]?["/session"]?["post"]?["security"] == [])
            #expect(document["paths"]?["/tokens"]?["post"]?["security"] == [["session": []]])
            #expect(document["paths"]?["/tokens"]?["get"]?["security"] == nil)
            #expect(document["components"]?["schemas"]?["TokenBody"]?["properties"]?["token"] != nil)
        }
    }
}

/// The header that carries a token.
private func bearer(_ secret: String) -> [(String, String)] { [("Authorization", "Bearer \(secret)")] }

extension Server.Endpoints {
    fileprivate func makeToken(
        _ name: String, expiresAt: String? = nil, as visitor: Visitor
    ) async throws -> Answer {
        let end = expiresAt.map { #","expiresAt":"\#($0)""# } ?? ""
        let answer = try await send(
            "POST", "/api/v1/tokens", json: #"{"name":"\#(name)"\#(end)}"#, headers: visitor.headers)
        try #require(answer.status == 201, "\(answer.body)")
        return answer
    }
}

extension JSONValue {
    fileprivate subscript(_ name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }
}

private enum RFC3339Text {
    /// To the second.
    static func now(plus seconds: TimeInterval) -> String {
        Date().addingTimeInterval(seconds).formatted(Date.ISO8601FormatStyle())
    }
}
