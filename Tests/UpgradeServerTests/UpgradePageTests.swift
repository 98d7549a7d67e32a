import Testing
import UpgradeServer

@Suite("The upgrade page", .serialized)
struct UpgradePageTests {
    @Test("Who may order upgrades sees the page and its link, each their own companies' gateways")
    func roles() async throws {
        try await withFleet { server in
            #expect(try await server.send("GET", "/upgrade").headers["location"] == "/login?next=/upgrade")
            let accept = ("Accept", "text/html")
            let user = try await server.logIn(.user2).headers + [accept]
            for path in ["/upgrade", "/gateway?id=gw2"] {
                let refused = try await server.send("GET", path, headers: user)
                #expect(refused.status == 403)
                #expect(refused.headers["content-type"] == "text/html; charset=utf-8")
            }
            #expect(try await !server.send("GET", "/", headers: user).body.contains(#"href="/upgrade"#))

            let admin = try await server.logIn(.admin2).headers + [accept]
            let own = try await server.send("GET", "/upgrade", headers: admin).body
            #expect(own.contains(#"<a href="/upgrade" aria-current="page">"#))
            #expect(own.contains(">gw2<") && !own.contains("gw3") && !own.contains("Upgrade all gateways"))
            #expect(own.contains("1.2 available") && own.contains("Nobody ordered 1.2."))
            #expect(try await !server.send("GET", "/upgrade?company=3", headers: admin).body.contains("gw3"))
            #expect(try await server.send("GET", "/gateway?id=gw2", headers: admin).status == 200)
            #expect(try await server.send("GET", "/gateway?id=gw3", headers: admin).status == 404)

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
            let path = "/gateway?id=%3Cb%3E%22x%27%E2%80%AE%26"
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
            for path in ["/upgrade/confirm", "/upgrade/order", "/gateway?id=gw2"] {
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
            #expect(try await send("/upgrade/confirm", ["version": "1.2", "company": "2"]).body.contains("5 gateways"))
            #expect(try await send("/upgrade/confirm", ["version": "1.2", "all": "true"]).body.contains("company 2"))
            for wrong in [
                ["version": "1.2"], ["gateway.gw2": "on"], ["version": "9", "gateway.gw2": "on"],
                ["version": "1.2", "gateway.gw3": "on"], ["version": "1.2", "company": "3"],
            ] {
                for path in ["/upgrade/confirm", "/upgrade/order"] {
                    let refused = try await send(path, wrong)
                    #expect(refused.status == 422, "\(wrong)")
                    #expect(refused.body.contains("Upgrade the checked gateways"))
                }
            }
            #expect(try await deployments().contains(#""total":0"#))
            let given = try await send("/upgrade/order", order)
            #expect(given.status == 303)
            let place = try #require(given.headers["location"])
            let page = try await server.send("GET", place, headers: admin.headers).body
            #expect(page.contains("version 1.2 for 1 gateway."))
            #expect(page.contains("pending 1.2") && page.contains("1.2 waits until it is back."))
            #expect(try await deployments().contains(#""total":1"#))
        }
    }

    @Test("States and versions are filtered by several at once, and the address says which")
    func filters() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            let order = ["version": "1.2", "gateway.gw2": "on"]
            #expect(try await server.submit("/upgrade/order", order, by: admin).status == 303)
            func page(_ query: String) async throws -> Answer {
                try await server.send("GET", "/upgrade?\(query)", headers: admin.browser)
            }
            for query in ["state=failed,pending", "state.failed=on&state.pending=on", "running=0.5,1.0&state=pending"] {
                let body = try await page(query).body
                #expect(body.contains(">gw2<") && !body.contains("gw 2?"), "\(query)")
                #expect(body.contains("last upgrade ") && body.contains("Show all</a>"))
                #expect(
                    body.contains(#"name="state.pending" checked"#)
                        && !body.contains(#"name="state.confirmed" checked"#))
            }
            #expect(try await page("state=timedOut,failed").body.contains("No gateway matches."))
            #expect(try await page("running=1.0%2C+1.2").body.contains("running 1 or 1.2"))
            for wrong in ["state=odd", "state=failed,odd", "state.odd=on", "running=0.5,x", "unfold=a/%23", "state=,"] {
                #expect(try await page(wrong).status == 422, "\(wrong)")
            }
        }
    }

    @Test("A row unfolds to what happened to the gateway, whatever the gateway is called")
    func history() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            let order = ["version": "1.2", "company": "2"]
            #expect(try await server.submit("/upgrade/order", order, by: admin).status == 303)
            for id in ["gw2"] + HostileID.all {
                let folded = try await server.send("GET", "/upgrade?search=2&state=pending", headers: admin.browser)
                    .body
                guard id.contains("2") else { continue }
                let shown = id.visibleInPages
                let links = folded.matches(
                    of:
                        /href="(\/upgrade\?[^"#]*)#([^"]*)" data-swap aria-label="History of ([^"]*)" aria-expanded="false"/
                )
                let link = try #require(links.first { $0.3 == shown }, "\(id)")
                let unfolded = try await server.send(
                    "GET", String(link.1.replacing("&amp;", with: "&")), headers: admin.browser)
                #expect(unfolded.status == 200)
                #expect(unfolded.body.contains(#"aria-expanded="true" aria-controls="history-"#))
                #expect(unfolded.body.contains(#"<ol class="history" aria-label="History of \#(shown)">"#))
                #expect(
                    unfolded.body.contains("upgrade ordered") && unfolded.body.contains("by <bdi>admin2@example.com"))
                #expect(unfolded.body.split(separator: #"class="unfolded""#).count == 2, "one row")
            }
            let several = try await server.send(
                "GET", "/upgrade?unfold=gw2/%2E%2E/nobody/gw3", headers: admin.browser
            ).body
            #expect(several.split(separator: #"class="unfolded""#).count == 3, "those that are on the page")
        }
    }

    @Test("Whoever has ordered comes back to the list as it was, and nowhere else")
    func wayBack() async throws {
        try await withFleet { server in
            let root = try await server.logIn(.root)
            func send(_ path: String, _ fields: [String: String]) async throws -> Answer {
                try await server.submit(path, fields.merging(["version": "1.2"]) { $1 }, by: root)
            }
            let list = "state=pending&online=false&running=0.5"
            let page = try await server.send("GET", "/upgrade?\(list)", headers: root.browser).body
            #expect(page.contains("“All” are all"))
            let all = try await send("/upgrade/confirm", ["all": "true", "list": list])
            #expect(all.body.contains("All gateways of all companies") && all.body.contains("6 gateways"))
            #expect(all.body.contains("limits what the list shows, not this order"))
            #expect(all.body.contains(#"name="list" value="state=pending&amp;online=false&amp;running=0.5""#))
            #expect(all.body.contains(#"href="/upgrade?state=pending&amp;online=false&amp;running=0.5">Cancel"#))
            let given = try await send("/upgrade/order", ["gateway.gw2": "on", "list": list])
            #expect(given.headers["location"] == "/upgrade?\(list)&ordered=1")
            let after = try await server.send("GET", "/upgrade?\(list)&ordered=1", headers: root.browser).body
            #expect(
                after.contains("Order 1: version 1.2 for 1 gateway.") && after.contains("as far as the filter shows"))
            let single = try await send("/upgrade/order", ["gateway.gw3": "on", "page": "gw3"])
            #expect(single.headers["location"] == "/gateway?id=gw3&ordered=2")
            for foreign in ["https://evil.example", "//evil.example", "company=%00", "state=odd", "x&x"] {
                let location = try await send("/upgrade/order", ["gateway.gw2": "on", "list": foreign])
                    .headers["location"]
                #expect(location?.hasPrefix("/upgrade?ordered=") == true, "\(foreign): \(location ?? "")")
            }
        }
    }

    @Test("A row offers the newest versions, and leads to the older ones")
    func olderVersions() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            let short = try await server.send("GET", "/upgrade", headers: admin.browser).body
            #expect(!short.contains("older…"))
            for number in 1...14 {
                let path = "/api/v1/releases/2.\(number + 10)"
                #expect(try await server.send("PUT", path, bytes: [1], over: .controlSocket).status == 201)
            }
            let page = try await server.send("GET", "/upgrade", headers: admin.browser).body
            let row = try #require(page.firstMatch(of: #/aria-label="Version for gw2">(.*?)</select>/#)?.output.1)
            #expect(
                row.contains(
                    #"<option value="2.13" data-key="2.13">2.13</option><option value="older" data-key="older">older…</option>"#
                ))
            #expect(!row.contains("1.0"))
            let form = ["gateway.gw2": "on", "list": "online=false"]
            func confirm(_ version: String) async throws -> Answer {
                try await server.submit("/upgrade/confirm", form.merging(["version": version]) { $1 }, by: admin)
            }
            let choice = try await confirm("older")
            #expect(choice.status == 200 && choice.body.contains("Choose a version for <bdi>gw2</bdi>"))
            #expect(choice.body.contains("<option>2.24</option>") && choice.body.contains("<option>1</option>"))
            #expect(choice.body.contains(#"name="gateway.gw2" value="on""#))
            #expect(choice.body.contains(#"name="list" value="online=false""#))
            #expect(choice.body.split(separator: #"name="version""#).count == 2)
            #expect(try await confirm("1").body.contains("Send version 1 to 1 gateway?"))
            #expect(try await server.submit("/upgrade/order", ["version": "older"], by: admin).status == 422)
        }
    }

    @Test("What is on its way is drawn by the server, and goes on by itself")
    func transfer() async throws {
        try await withServer(configuredBy: { $0.plaintext = true }) { server in
            let size = 16 << 20
            let release = try await server.send("PUT", "/api/v1/releases/2.0", bytes: Array(repeating: 7, count: size))
            #expect(release.status == 201)
            try await withSlowReader("gw2", of: server) {
                try await eventually("the gateway is known") {
                    try await server.send("GET", "/upgrade").body.contains(">gw2<")
                }
                let order = try await server.sendForm("/upgrade/order", ["version": "2.0", "gateway.gw2": "on"])
                #expect(order.status == 303)
                for page in ["/upgrade", "/gateway?id=gw2"] {
                    try await eventually("\(page) shows a transfer") {
                        let body = try await server.send("GET", page).body
                        return body.contains(#"<progress max="\#(size)" value=""#)
                            && body.contains(" of 16.0 MiB sent<")
                    }
                }
            }
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
            func rows(_ body: String) -> Int { body.split(separator: #"data-key="gateway."#).count - 1 }
            let first = try await server.send("GET", "/upgrade?company=2").body
            #expect(rows(first) == 100)
            #expect(first.contains("130 gateways"))
            let link = try #require(first.firstMatch(of: /href="(\/upgrade\?[^"]*)" rel="next"/)?.1)
            let next = try await server.send("GET", String(link.replacing("&amp;", with: "&"))).body
            #expect(rows(next) == 30)
            #expect(!next.contains(#"rel="next""#))
        }
    }

    @Test("Companies beyond the rows of a page stand there with their numbers, and a way to their gateways")
    func folded() async throws {
        try await withServer(configuredBy: { $0.plaintext = true }) { server in
            for company in 2...9 {
                let body = #"{"id":"\#(company)","name":"Company \#(company)"}"#
                let made = try await server.send("POST", "/api/v1/companies", json: body)
                #expect(made.status == 201)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for company in 2...9 {
                    group.addTask {
                        for number in 0..<22 {
                            let id = "c\(company)-\(number)"
                            try await withClient(id, of: server) { client in
                                try await client.reportStatus(id, company: "\(company)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let page = try await server.send("GET", "/upgrade").body
            #expect(page.split(separator: #"data-key="gateway."#).count - 1 == 100)
            #expect(page.split(separator: #"<section class="group card folded""#).count - 1 == 3)
            #expect(page.contains(#"<a href="/upgrade?company=9" aria-label="Show the 22 gateways of company 9">"#))
            #expect(page.split(separator: "22 gateways, ").count - 1 == 8)
            let alone = try await server.send("GET", "/upgrade?company=9").body
            #expect(alone.split(separator: #"data-key="gateway."#).count - 1 == 22)
            #expect(alone.contains(#"<a href="/upgrade">All companies</a>"#))
        }
    }
}

extension String {
    /// As a page shows it.
    fileprivate var visibleInPages: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;").replacing("\u{202E}", with: "⟨U+202E⟩")
    }
}
