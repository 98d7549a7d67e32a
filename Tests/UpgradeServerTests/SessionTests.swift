import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import UpgradeProtocol

@testable import UpgradeCore
@testable import UpgradeServer

@Suite("Sessions", .serialized)
struct SessionTests {
    private let time = HandClock()

    private func account(_ username: String = "ann") throws -> Account {
        let user = User(
            username: username, name: "N", role: .user, companyID: try CompanyID("2"), mustChangePassword: false)
        return try Account(user: user, passwordHash: "some hash")
    }

    @Test("A session ends after two idle hours, and after a day in any case")
    func expiry() throws {
        let store = SessionStore(time: time)
        let (session, token) = try store.open(for: try account())
        #expect(try token.id == session.id)
        for _ in 0..<12 {
            time.advance(by: .seconds(7_199))
            #expect(store.use(session.id) != nil)
        }
        time.advance(by: .seconds(12))
        #expect(store.use(session.id) == nil, "a day is over")
        let (idle, _) = try store.open(for: try account())
        time.advance(by: .seconds(7_200))
        #expect(store.use(idle.id) == nil)
        #expect(store.count == 0)
    }

    @Test("A user has so many sessions, and one more ends the one that was idle longest")
    func perUser() throws {
        let store = SessionStore(time: time)
        let (other, _) = try store.open(for: try account("bob"))
        var ids: [Session.ID] = []
        for _ in 0..<HTTPLimits.sessionsPerUser {
            time.advance(by: .seconds(1))
            ids.append(try store.open(for: try account()).session.id)
        }
        time.advance(by: .seconds(1))
        #expect(store.use(ids[0]) != nil)
        ids.append(try store.open(for: try account()).session.id)
        let alive = ids.map { store.use($0) != nil }
        #expect(alive == ids.indices.map { $0 != 1 })
        #expect(store.use(other.id) != nil)
    }

    @Test("Sessions are bounded in all")
    func bound() throws {
        let store = SessionStore(time: time, limit: 50)
        var ids: [Session.ID] = []
        for number in 0..<60 {
            time.advance(by: .seconds(1))
            ids.append(try store.open(for: try account("user\(number)")).session.id)
        }
        #expect(store.count == 50)
        let alive = ids.map { store.use($0) != nil }
        #expect(alive == ids.indices.map { $0 >= 10 })
    }

    @Test("Tokens are 128 random bits, and no two are alike")
    func tokens() throws {
        let texts = try (0..<1_000).map { _ in try SessionToken().text }
        #expect(Set(texts).count == 1_000)
        #expect(texts.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
        #expect(SessionToken("short") == nil)
    }

    @Test("A write needs the session's CSRF token and no foreign origin; reading needs neither")
    func writes() async throws {
        try await withLogInServer(configuredBy: { $0.httpNames = ["fleet.example"] }) { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.root)
            let other = try await server.logIn(.root)
            let own = "http://\(server.http.authority)"
            func post(_ id: Int, _ headers: [(String, String)]) async throws -> UInt {
                try await server.send(
                    "POST", "/api/v1/companies", json: #"{"id":"\#(id)","name":"C"}"#,
                    headers: [("Cookie", visitor.cookie)] + headers
                ).status
            }
            let token = ("X-CSRF-Token", visitor.csrfToken)
            #expect(try await post(10, [token]) == 201)
            #expect(try await post(11, [token, ("Origin", own)]) == 201)
            #expect(try await post(12, [token, ("Origin", "https://fleet.example")]) == 201)
            #expect(try await post(13, []) == 403)
            #expect(try await post(13, [("X-CSRF-Token", other.csrfToken)]) == 403)
            #expect(try await post(13, [("X-CSRF-Token", "")]) == 403)
            for origin in [
                "http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1", "file://127.0.0.1",
                own + ".evil.example", "http://localhost",
            ] {
                #expect(try await post(13, [token, ("Origin", origin)]) == 403, "\(origin)")
            }
            #expect(try await server.send("GET", "/api/v1/companies/13").status != 200)
            let read = try await server.send(
                "GET", "/api/v1/me", headers: [("Cookie", visitor.cookie), ("Origin", "http://evil.example")])
            #expect(read.status == 200)
            let head = try await server.send("HEAD", "/api/v1/me", headers: [("Cookie", visitor.cookie)])
            #expect(head.status == 200)
        }
    }

    @Test("What is no session is 401: a made-up cookie, another cookie, a bearer token")
    func strangers() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.user2)
            for headers in [
                [("Cookie", "um_session=\(String(repeating: "0", count: 32))")],
                [("Cookie", "um_session=")], [("Cookie", "session=x")], [("Authorization", "Bearer x")],
                visitor.headers + [("Authorization", "Bearer x")],
                [("Cookie", "__Host-" + visitor.cookie)], [("Cookie", visitor.cookie.uppercased())],
            ] {
                let answer = try await server.send("GET", "/api/v1/me", headers: headers)
                #expect(answer.status == 401, "\(headers)")
                #expect(answer.headers["www-authenticate"] == "Bearer")
            }
        }
    }

    @Test("A new password ends the user's other sessions; another role, company or password, and removal, all")
    func changes() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            func isIn(_ visitor: Visitor) async throws -> Bool {
                try await server.send("GET", "/api/v1/me", headers: visitor.headers).status == 200
            }
            let (first, second) = (try await server.logIn(.user2), try await server.logIn(.user2))
            let bystander = try await server.logIn(.admin2)
            let change = #"{"currentPassword":"\#(Person.user2.rawValue)","password":"another one"}"#
            #expect(
                try await server.send("PATCH", "/api/v1/me", json: change, headers: first.headers).status == 200)
            #expect(try await isIn(first))
            #expect(try await !isIn(second))
            let path = "/api/v1/users/\(Person.user2.rawValue)"
            var visitor = first
            for json in [
                #"{"role":"admin"}"#, #"{"companyId":"3"}"#, #"{"password":"another one"}"#,
            ] {
                #expect(try await server.send("PATCH", path, json: json, over: .controlSocket).status == 200)
                #expect(try await !isIn(visitor), "\(json)")
                visitor = try await server.logIn(Person.user2.rawValue, "another one")
            }
            #expect(
                try await server.send("PATCH", path, json: #"{"name":"Uwe"}"#, over: .controlSocket).status == 200)
            #expect(try await isIn(visitor), "another name changes no rights")
            #expect(try await server.send("DELETE", path, over: .controlSocket).status == 204)
            #expect(try await !isIn(visitor))
            #expect(try await isIn(bystander))
        }
    }

    @Test("An event stream ends with the session", .timeLimit(.minutes(1)))
    func stream() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let visitor = try await server.logIn(.root)
            var request = HTTPClientRequest(url: "http://\(server.http.authority)/api/v1/stream")
            request.headers.add(name: "Cookie", value: visitor.cookie)
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(50))
            #expect(response.status == .ok)
            #expect(try await server.send("DELETE", "/api/v1/session", headers: visitor.headers).status == 204)
            let company = #"{"id":"77","name":"Secret"}"#
            _ = try await server.send("POST", "/api/v1/companies", json: company, over: .controlSocket)
            let told = String(buffer: try await response.body.collect(upTo: 1 << 20))
            #expect(!told.contains("Secret"))
        }
    }
}

/// A time that stands still until it is told to move.
private final class HandClock: TimeSource {
    private let elapsed = Mutex(Duration.seconds(1_000))

    func advance(by duration: Duration) { elapsed.withLock { $0 += duration } }
    func monotonic() -> Duration { elapsed.withLock { $0 } }
    func now() -> Timestamp { .now() }
    func sleep(until deadline: Duration) async throws {}
}
