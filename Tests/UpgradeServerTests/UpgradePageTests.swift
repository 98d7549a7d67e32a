import Testing
import UpgradeServer

@Suite("The upgrade page", .serialized)
struct UpgradePageTests {
    private static let hostile = #"<b>"x'\#u{202E}&"#

    /// A fleet of two companies and the releases 1.0 and 1.2, with everybody who may log in.
    private func withFleet(_ body: (Server.Endpoints) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            var configuration = ServerConfiguration.onFreePorts(in: folder)
            configuration.plaintext = true
            try await withServer(on: configuration) { server in
                try await server.addPeople()
                for (gateway, company) in [("gw2", "2"), ("gw3", "3"), (Self.hostile, "2")] {
                    try await withClient(gateway, of: server) { client in
                        try await client.reportStatus(gateway, company: company)
                    }
                }
                for version in ["1.0", "1.2"] {
                    let release = try await server.send("PUT", "/api/v1/releases/\(version)", bytes: [1])
                    #expect(release.status == 201)
                }
            }
            configuration.plaintext = false
            try await withServer(on: configuration, body)
        }
    }

    @Test("Who may order upgrades sees the page and its link, each their own companies' gateways")
    func roles() async throws {
        try await withFleet { server in
            #expect(try await server.send("GET", "/upgrade").headers["location"] == "/login?next=/upgrade")
            let accept = ("Accept", "text/html")
            let user = try await server.logIn(.user2).headers + [accept]
            for path in ["/upgrade", "/gateways/gw2"] {
                let refused = try await server.send("GET", path, headers: user)
                #expect(refused.status == 403)
                #expect(refused.headers["content-type"] == "text/html; charset=utf-8")
            }
            #expect(try await !server.send("GET", "/", headers: user).body.contains(#"href="/upgrade"#))

            let admin = try await server.logIn(.admin2).headers + [accept]
            let own = try await server.send("GET", "/upgrade", headers: admin).body
            #expect(own.contains(#"<a href="/upgrade" aria-current="page">"#))
            #expect(own.contains(">gw2<") && !own.contains("gw3") && !own.contains("Upgrade all gateways"))
            #expect(own.contains("1.2 available") && own.contains("Nobody has ordered 1.2 for it."))
            #expect(try await !server.send("GET", "/upgrade?company=3", headers: admin).body.contains("gw3"))
            #expect(try await server.send("GET", "/gateways/gw2", headers: admin).status == 200)
            #expect(try await server.send("GET", "/gateways/gw3", headers: admin).status == 404)

            let root = try await server.logIn(.root).headers + [accept]
            let all = try await server.send("GET", "/upgrade", headers: root).body
            #expect(all.contains(">gw2<") && all.contains(">gw3<") && all.contains("Upgrade all gateways"))
            let found = try await server.send("GET", "/upgrade?search=gw3&online=false&running=0.5", headers: root).body
            #expect(!found.contains(">gw2<") && found.contains(">gw3<"))
            let none = try await server.send("GET", "/upgrade?state=failed", headers: root).body
            #expect(none.contains("No gateway matches."))
            #expect(try await server.send("GET", "/upgrade?state=odd", headers: root).status == 422)
        }
    }

    @Test("What gateways call themselves is inert, and shows what it hides")
    func hostileNames() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            let path = "/gateways/%3Cb%3E%22x%27%E2%80%AE%26"
            for page in ["/upgrade", path, "/"] {
                let answer = try await server.send("GET", page, headers: admin.headers)
                #expect(answer.status == 200)
                #expect(!answer.body.contains("<b>"), "\(page)")
                #expect(answer.body.contains("&lt;b&gt;&quot;x"), "\(page)")
            }
            let body = try await server.send("GET", "/upgrade", headers: admin.headers).body
            #expect(body.contains("⟨U+202E⟩") && body.contains(#"href="\#(path)""#))
        }
    }

    @Test("An order is shown before it is given, and then given once")
    func order() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            let cookie = [("Cookie", admin.cookie)]
            let order = ["version": "1.2", "gateway.gw2": "on"]
            func send(_ path: String, _ fields: [String: String]) async throws -> Answer {
                try await server.sendForm(
                    path, fields.merging(["csrfToken": admin.csrfToken]) { $1 }, headers: cookie)
            }
            func deployments() async throws -> String {
                try await server.send("GET", "/api/v1/deployments", headers: admin.headers).body
            }
            for path in ["/upgrade/confirm", "/upgrade/order", "/gateways/gw2"] {
                #expect(try await server.sendForm(path, order, headers: cookie).status == 403, "no token: \(path)")
                let user = try await server.logIn(.user2)
                let refused = try await server.sendForm(
                    path, order.merging(["csrfToken": user.csrfToken]) { $1 }, headers: [("Cookie", user.cookie)])
                #expect(refused.status == 403, "a user: \(path)")
            }
            let question = try await send("/upgrade/confirm", order)
            #expect(question.status == 200)
            #expect(question.body.contains("Send version 1.2 to 1 gateway?"))
            #expect(question.body.contains(#"name="gateway.gw2" value="on""#))
            #expect(try await send("/upgrade/confirm", ["version": "1.2", "company": "2"]).body.contains("2 gateways"))
            #expect(try await send("/upgrade/confirm", ["version": "1.2", "all": "true"]).body.contains("company 2"))
            for wrong in [
                ["version": "1.2"], ["gateway.gw2": "on"], ["version": "9", "gateway.gw2": "on"],
                ["version": "1.2", "gateway.gw3": "on"], ["version": "1.2", "company": "3"],
            ] {
                for path in ["/upgrade/confirm", "/upgrade/order"] {
                    let refused = try await send(path, wrong)
                    #expect(refused.status == 422, "\(wrong)")
                    #expect(refused.body.contains(#"href="/upgrade">Back"#))
                }
            }
            #expect(try await deployments().contains(#""total":0"#))
            let given = try await send("/upgrade/order", order)
            #expect(given.status == 303)
            let place = try #require(given.headers["location"])
            let page = try await server.send("GET", place, headers: admin.headers).body
            #expect(page.contains("version 1.2 for 1 gateway."))
            #expect(page.contains("pending 1.2") && page.contains("Offline; last heard of"))
            #expect(try await deployments().contains(#""total":1"#))
        }
    }

    @Test("A gateway is disabled and enabled on its page, which tells what happened")
    func gateway() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            func act(_ action: String, on id: String = "gw2") async throws -> UInt {
                try await server.sendForm(
                    "/gateways/\(id)", ["csrfToken": admin.csrfToken, "action": action],
                    headers: [("Cookie", admin.cookie)]
                ).status
            }
            func page() async throws -> String {
                try await server.send("GET", "/gateways/gw2", headers: admin.headers).body
            }
            #expect(try await act("disable") == 303)
            #expect(try await page().contains("Disabled: it may not connect."))
            #expect(try await act("enable") == 303)
            let body = try await page()
            #expect(!body.contains("Disabled: it may not connect.") && body.contains("gateway disabled"))
            #expect(try await act("explode") == 422)
            #expect(try await act("disable", on: "gw3") == 404)
        }
    }

    @Test("However many gateways there are, a page has a hundred rows, and the next one goes on")
    func paging() async throws {
        try await withServer(configuredBy: { $0.plaintext = true }) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for number in stride(from: worker, to: 130, by: 4) {
                            try await withClient("g\(1000 + number)", of: server) { client in
                                try await client.reportStatus("g\(1000 + number)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            func rows(_ body: String) -> Int { body.split(separator: #"<tr data-key=""#).count - 1 }
            let first = try await server.send("GET", "/upgrade?company=2").body
            #expect(rows(first) == 100)
            #expect(first.contains("130 gateways"))
            let link = try #require(first.firstMatch(of: /href="(\/upgrade\?[^"]*)" rel="next"/)?.1)
            let next = try await server.send("GET", String(link.replacing("&amp;", with: "&"))).body
            #expect(rows(next) == 30)
            #expect(!next.contains(#"rel="next""#))
        }
    }
}
