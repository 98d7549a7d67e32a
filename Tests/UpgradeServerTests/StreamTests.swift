import Testing
import UpgradeCore
import UpgradeServer

@Suite("Event stream", .serialized)
struct StreamTests {
    @Test("Who may not read the event log learns that something happened, and nothing of it", .timeLimit(.minutes(2)))
    func rights() async throws {
        try await withFleet { server in
            let (admin, user) = (try await server.logIn(.admin2), try await server.logIn(.user2))
            let foreigner = try await server.logIn(.admin3)
            try await StreamListener.with(server, headers: user.headers) { listener in
                try await StreamListener.with(server, headers: foreigner.headers) { foreign in
                    try await StreamListener.with(server, headers: admin.headers) { informed in
                        let renamed = try await server.send(
                            "PATCH", "/api/v1/gateways/gw2", json: #"{"name":"Roof"}"#, headers: admin.headers)
                        #expect(renamed.status == 200)
                        try await eventually("the administrator is told who did what") {
                            informed.text.contains(#""kind":"gatewayChanged""#)
                                && informed.text.contains(#""actor":"admin2@example.com""#)
                                && informed.text.contains("\nid: ")
                        }
                    }
                    try await eventually("the user is told to look") {
                        listener.names.contains("changed") && listener.text.contains(#""name":"Roof""#)
                    }
                    #expect(Set(listener.names) == ["changed", "gateway"])
                    for secret in ["admin2@example.com", "gatewayChanged", "\"actor\"", "\nid: "] {
                        #expect(!listener.text.contains(secret), "\(secret)")
                    }
                    #expect(foreign.names.isEmpty, "another company's changes are nobody else's business")
                }
            }
        }
    }

    @Test("What happened meanwhile is not replayed to who may not read the event log", .timeLimit(.minutes(2)))
    func noReplay() async throws {
        try await withFleet { server in
            let user = try await server.logIn(.user2)
            try await StreamListener.with(server, headers: user.headers + [("Last-Event-ID", "1")]) { listener in
                try await eventually("the lists are to be read anew") { listener.names == ["reset"] }
                #expect(!listener.text.contains("\"kind\""))
            }
        }
    }

    @Test(
        "A number that no event of the caller's has yields a reset", .timeLimit(.minutes(2)),
        arguments: ["x", "0", "-1", "1.5", "999999999", "99999999999999999999999"])
    func unknownID(id: String) async throws {
        try await withServer { server in
            try await StreamListener.with(server, headers: [("Last-Event-ID", id)]) { listener in
                try await eventually("the lists are to be read anew") { listener.names == ["reset"] }
            }
        }
    }

    @Test("Who has missed nothing is told nothing", .timeLimit(.minutes(2)))
    func nothingMissed() async throws {
        try await withServer { server in
            let events = try await server.send("GET", "/api/v1/events?limit=1").body
            let latest = try #require(events.firstMatch(of: /"id":(\d+)/)).1
            try await StreamListener.with(server, headers: [("Last-Event-ID", String(latest))]) { listener in
                let company = #"{"id":"77","name":"Seen"}"#
                #expect(try await server.send("POST", "/api/v1/companies", json: company).status == 201)
                try await eventually("what happens now is told") { listener.text.contains("companyCreated") }
                #expect(!listener.names.contains("reset"))
            }
        }
    }

    @Test("A release is told of when it comes and when it goes, the last one too", .timeLimit(.minutes(2)))
    func releases() async throws {
        try await withServer { server in
            try await StreamListener.with(server) { listener in
                func bodies() -> [String] {
                    listener.text.matches(of: /event: release\ndata: (.*)\n/).map { String($0.1) }
                }
                #expect(try await server.send("PUT", "/api/v1/releases/1.2", bytes: [1]).status == 201)
                try await eventually("it is there") {
                    bodies().count == 1 && bodies()[0].contains(#""state":"available""#)
                }
                #expect(try await server.send("DELETE", "/api/v1/releases/1.2").status == 204)
                try await eventually("it is gone") {
                    bodies().count == 2 && bodies()[1].contains(#""state":"removed""#)
                        && bodies()[1].contains(#""version":1.2"#)
                }
            }
        }
    }

    /// What ends a log-in of user2.
    enum End: CaseIterable {
        case logOut
        case logOutByForm
        case passwordChangedElsewhere
        case roleChanged
        case companyChanged
        case passwordReset
        case removed
        case tokenRevoked
    }

    @Test(
        "A stream on which nothing happens ends at once when the log-in does not hold any more",
        .timeLimit(.minutes(2)), arguments: End.allCases)
    func end(by end: End) async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let (user, elsewhere) = (try await server.logIn(.user2), try await server.logIn(.user2))
            let root = try await server.logIn(.root)
            let path = "/api/v1/users/\(Person.user2.rawValue)"
            let token = try await server.send(
                "POST", "/api/v1/tokens", json: #"{"name":"watch"}"#, headers: elsewhere.headers)
            let bearer = [("Authorization", "Bearer \(try token.member("token") ?? "")")]
            let headers = end == .tokenRevoked ? bearer : user.headers
            try await StreamListener.with(server, headers: headers) { listener in
                #expect(!listener.hasEnded)
                let answer =
                    switch end {
                    case .logOut: try await server.send("DELETE", "/api/v1/session", headers: user.headers)
                    case .logOutByForm: try await server.submit("/logout", [:], by: user)
                    case .passwordChangedElsewhere:
                        try await server.send(
                            "PATCH", "/api/v1/me",
                            json: #"{"currentPassword":"\#(Person.user2.rawValue)","password":"something else"}"#,
                            headers: elsewhere.headers)
                    case .roleChanged:
                        try await server.send("PATCH", path, json: #"{"role":"admin"}"#, headers: root.headers)
                    case .companyChanged:
                        try await server.send("PATCH", path, json: #"{"companyId":"3"}"#, headers: root.headers)
                    case .passwordReset:
                        try await server.send(
                            "PATCH", path, json: #"{"password":"something else"}"#, headers: root.headers)
                    case .removed: try await server.send("DELETE", path, headers: root.headers)
                    case .tokenRevoked:
                        try await server.send(
                            "DELETE", "/api/v1/tokens/\(try token.member("id") ?? "")", headers: elsewhere.headers)
                    }
                #expect([200, 204, 303].contains(answer.status), "\(answer.body)")
                // Sooner than the heartbeat, which would find it out, too.
                try await eventually("the stream ends") { listener.hasEnded }
            }
        }
    }

    @Test("The session in which the password is changed goes on, and its stream with it", .timeLimit(.minutes(2)))
    func ownPasswordChange() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let user = try await server.logIn(.user2)
            try await StreamListener.with(server, headers: user.headers) { listener in
                var password = Person.user2.rawValue
                for number in 0..<20 {
                    let next = "password number \(number)"
                    let answer = try await server.send(
                        "PATCH", "/api/v1/me", json: #"{"currentPassword":"\#(password)","password":"\#(next)"}"#,
                        headers: user.headers)
                    #expect(answer.status == 200)
                    #expect(try await server.send("GET", "/api/v1/me", headers: user.headers).status == 200)
                    password = next
                }
                #expect(!listener.hasEnded)
            }
        }
    }

    @Test("The stream of another session of the same person goes on", .timeLimit(.minutes(2)))
    func otherSession() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let (one, other) = (try await server.logIn(.root), try await server.logIn(.root))
            try await StreamListener.with(server, headers: one.headers) { listener in
                #expect(try await server.send("DELETE", "/api/v1/session", headers: other.headers).status == 204)
                let company = #"{"id":"77","name":"Seen"}"#
                let answer = try await server.send(
                    "POST", "/api/v1/companies", json: company, headers: one.headers)
                #expect(answer.status == 201)
                try await eventually("what happens is told") { listener.text.contains("companyCreated") }
                #expect(!listener.hasEnded)
            }
        }
    }
}
