import Testing
import UpgradeServer

@Suite("The page of a gateway", .serialized)
struct GatewayPageTests {
    @Test("Who may do what to it: nobody, and each role, at every route")
    func roles() async throws {
        try await withFleet { server in
            let people: [Person] = [.user2, .admin2, .admin3, .root]
            for person in people {
                let visitor = try await server.logIn(person)
                let isUser = person == .user2
                let sees = person == .admin2 || person == .root
                for path in ["/gateway?id=gw2", "/gateway/remove?id=gw2"] {
                    let page = try await server.send("GET", path, headers: visitor.browser)
                    #expect(page.status == (isUser ? 403 : sees ? 200 : 404), "\(person) \(path)")
                }
                let page = try await server.send("GET", "/gateway?id=gw2", headers: visitor.browser).body
                #expect(page.contains(#"value="move""#) == (person == .root), "\(person)")
                #expect(page.contains(#"value="enroll""#) == sees, "\(person)")
                let name = try await server.submit("/gateway?id=gw2", ["action": "change", "name": "N"], by: visitor)
                #expect(name.status == (isUser ? 403 : sees ? 303 : 404), "\(person)")
                let move = try await server.submit(
                    "/gateway?id=gw2", ["action": "move", "companyId": "2"], by: visitor)
                #expect(move.status == (person == .root ? 303 : 403), "\(person)")
                // Without the token of the session, nothing is done.
                for path in ["/gateway?id=gw2", "/gateway/remove?id=gw2"] {
                    let forged = try await server.sendForm(path, ["action": "disable"], headers: visitor.browser)
                    #expect(forged.status == 403, "\(person) \(path)")
                }
            }
            let admin3 = try await server.logIn(.admin3)
            #expect(try await server.submit("/gateway/remove?id=gw2", [:], by: admin3).status == 404)
            for path in ["/gateway?id=gw2", "/gateway/remove?id=gw2"] {
                let stranger = try await server.send("GET", path).headers["location"]
                #expect(stranger == "/login?next=\(path.replacing("?id=", with: "%3Fid%3D"))")
                #expect(try await server.sendForm(path, ["action": "disable"]).status == 303)
            }
            let root = try await server.logIn(.root)
            #expect(try await server.send("GET", "/gateway?id=gw2", headers: root.browser).status == 200, "it is there")
        }
    }

    @Test("Every id has a page that browsers can reach, also one that is a dot or two")
    func addresses() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            let list = try await server.send("GET", "/upgrade", headers: admin.browser).body
            for (id, path) in [
                (".", "/gateway?id=."), ("..", "/gateway?id=.."), (HostileID.spaced, "/gateway?id=gw%202%3Fa%3Db%252F"),
                (HostileID.markup, "/gateway?id=%3Cb%3E%22x%27%E2%80%AE%26"),
            ] {
                #expect(list.contains(#"<a href="\#(path)">"#), "\(id)")
                let page = try await server.send("GET", path, headers: admin.browser)
                #expect(page.status == 200 && page.body.contains("gateway created"), "\(id)")
                #expect(page.body.contains(#"<form method="post" action="\#(path)""#), "\(id)")
                let done = try await server.submit(path, ["action": "disable"], by: admin)
                #expect(done.headers["location"] == "\(path)&done=disable")
            }
            #expect(try await server.send("GET", "/gateways/gw2").headers["location"] == "/gateway?id=gw2")
            for path in ["/gateway", "/gateway?id=", "/gateway?id=a/b", "/gateway?id=nobody"] {
                #expect(try await server.send("GET", path, headers: admin.browser).status == 404, "\(path)")
            }
        }
    }

    @Test("A gateway is disabled and enabled on its page, which tells what happened and who did it")
    func presence() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            func act(_ action: String, on id: String = "gw2") async throws -> UInt {
                try await server.submit("/gateway?id=\(id)", ["action": action], by: admin).status
            }
            func page() async throws -> String {
                try await server.send("GET", "/gateway?id=gw2", headers: admin.browser).body
            }
            #expect(try await act("disable") == 303)
            #expect(try await page().contains("Disabled: it may not connect."))
            await #expect(throws: (any Error).self, "it is refused") {
                try await withClient("gw2", of: server) { _ in }
            }
            #expect(try await act("enable") == 303)
            let body = try await page()
            #expect(!body.contains("Disabled: it may not connect.") && body.contains("gateway disabled"))
            #expect(body.contains("by <bdi>admin2@example.com</bdi>"))
            #expect(try await act("explode") == 422)
            #expect(try await act("disable", on: "gw3") == 404)
        }
    }

    @Test("Name and place are changed; what is wrong is said beside its field, and what was typed stays")
    func change() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            func send(_ fields: [String: String]) async throws -> Answer {
                try await server.submit("/gateway?id=gw2", fields.merging(["action": "change"]) { $1 }, by: admin)
            }
            let fields = ["name": "Pump <1>", "address": "Graz", "latitude": "47.07", "longitude": "15.4"]
            let changed = try await send(fields)
            #expect(changed.headers["location"] == "/gateway?id=gw2&done=change")
            let page = try await server.send("GET", "/gateway?id=gw2&done=change", headers: admin.browser).body
            #expect(page.contains("The gateway is changed.") && page.contains("47.07, 15.4"))
            #expect(page.contains(#"name="name" type="text" value="Pump &lt;1&gt;""#))
            for (field, value, problem) in [
                ("name", " ", "It is empty."), ("latitude", "91", "is not between"),
                ("longitude", "x", "is not a number"),
                ("latitude", "nan", "is not a number"),
                ("address", String(repeating: "a", count: 513), "the most is 512"),
            ] {
                let refused = try await send(fields.merging([field: value]) { $1 })
                #expect(refused.status == 422, "\(field)")
                #expect(refused.body.contains(#"id="\#(field)-problem""#) && refused.body.contains(problem), "\(field)")
                #expect(refused.body.contains(#"value="\#(value)""#), "\(field)")
            }
            #expect(try await send(fields.merging(["latitude": "", "longitude": ""]) { $1 }).status == 303)
            let cleared = try await server.send("GET", "/gateway?id=gw2", headers: admin.browser).body
            #expect(!cleared.contains("47.07, 15.4") && cleared.contains("Graz"))
        }
    }

    @Test("A super user moves a gateway, and its other company's administrators see it from then on")
    func move() async throws {
        try await withFleet { server in
            let root = try await server.logIn(.root)
            func send(_ company: String) async throws -> Answer {
                try await server.submit("/gateway?id=gw2", ["action": "move", "companyId": company], by: root)
            }
            for wrong in ["", "99", "a/b"] {
                let refused = try await send(wrong)
                #expect(refused.status == 422 && refused.body.contains(#"id="company-problem""#), "\(wrong)")
            }
            #expect(try await send("3").headers["location"] == "/gateway?id=gw2&done=move")
            for (person, status) in [(Person.admin2, UInt(404)), (.admin3, 200)] {
                let visitor = try await server.logIn(person)
                #expect(try await server.send("GET", "/gateway?id=gw2", headers: visitor.browser).status == status)
            }
        }
    }

    @Test("A secret of its own is shown once, opens the gateway's id alone, and is revoked")
    func enroll() async throws {
        try await withServer(configuredBy: { $0.plaintext = true }) { server in
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
            func send(_ action: String) async throws -> Answer {
                try await server.sendForm("/gateway?id=gw2", ["action": action])
            }
            #expect(try await send("revoke").status == 409, "there is nothing to revoke")
            let shown = try await send("enroll")
            #expect(shown.status == 200 && shown.headers["cache-control"] == "no-store")
            let password = try #require(shown.body.firstMatch(of: /<code>([0-9a-f]{32})<\/code>/)?.1)
            try await withClient("gw2", of: server, userName: "gw2", password: String(password)) { _ in }
            await #expect(throws: (any Error).self, "the fleet's secret") {
                try await withClient("gw2", of: server) { _ in }
            }
            let later = try await server.send("GET", "/gateway?id=gw2").body
            #expect(!later.contains(password) && later.contains("Revoke its own"))
            #expect(try await send("revoke").status == 303)
            try await withClient("gw2", of: server) { _ in }
        }
    }

    @Test("A gateway is removed after a question; its history stays in the event log")
    func remove() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            let path = "/gateway/remove?id=.."
            let question = try await server.send("GET", path, headers: admin.browser)
            #expect(question.body.contains("Remove <bdi>..</bdi>?"))
            #expect(question.body.contains(#"href="/gateway?id=..">Keep it"#))
            #expect(try await server.submit(path, [:], by: admin).headers["location"] == "/upgrade?done=removed")
            let list = try await server.send("GET", "/upgrade?done=removed", headers: admin.browser).body
            #expect(list.contains("The gateway is removed.") && !list.contains("<bdi>..</bdi>"))
            #expect(try await server.submit(path, [:], by: admin).status == 404)
            let events = try await server.send("GET", "/api/v1/events", headers: admin.headers).body
            #expect(events.contains("gatewayRemoved"))
        }
    }
}
