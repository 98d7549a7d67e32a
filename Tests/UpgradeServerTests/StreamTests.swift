import Testing
import UpgradeCore
import UpgradeServer

@Suite("Event stream")
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
}
