import Testing
import UpgradeCore
import UpgradeServer

@Suite("Orders on pages", .serialized)
struct OrderPageTests {
    @Test("Before an order is given, its page counts who gets it when, and who gets nothing, and why")
    func confirmation() async throws {
        try await withServer(configuredBy: {
            $0.plaintext = true; $0.newGateways = .open
        }) { server in
            for (gateway, version) in [("gw1", "0.5"), ("gw2", "0.5"), ("gw3", "1.2"), ("gw4", "0.5"), ("gw5", "1.2")] {
                try await withClient(gateway, of: server) { client in
                    try await client.reportStatus(gateway, version: version)
                }
            }
            #expect(try await server.send("PUT", "/api/v1/releases/1.2", bytes: [1]).status == 201)
            for gateway in ["gw4", "gw5"] {
                #expect(try await server.send("POST", "/api/v1/gateways/\(gateway)/disable", json: "{}").status == 200)
            }
            func question(_ target: [String: String]) async throws -> String {
                try await server.sendForm("/upgrade/confirm", target.merging(["version": "1.2"]) { $1 }).body
            }
            for target in [["all": "true"], ["company": "2"], .checking("gw1", "gw2", "gw3", "gw4", "gw5")] {
                let body = try await question(target)
                #expect(body.contains("Send version 1.2 to 2 gateways?"))
                #expect(body.contains("5 gateways, of which 2 get it"))
                #expect(body.contains("2 offline, sent when they come back") && !body.contains("online now"))
                #expect(body.contains("2 gateways report version 1.2 already."))
                #expect(body.contains("1 gateway is disabled; the order waits until somebody enables it."))
                #expect(!body.contains("in quarantine,"))
            }
            let checked = try await question(.checking("gw1", "gw3", "gw4"))
            for (gateway, fate) in [
                ("gw1", "sent when it is back"), ("gw3", "nothing is sent: it reports this version"),
                ("gw4", "nothing is sent while it is disabled"),
            ] {
                let row = checked.firstMatch(of: try Regex("<bdi>\(gateway)</bdi></th>.*</tr>"))?.output[0].substring
                #expect(row?.contains(fate) == true, "\(gateway): \(row ?? "")")
            }
            let idle = try await question(.checking("gw3", "gw4"))
            #expect(idle.contains("Order version 1.2, though nobody gets it now?"))
            #expect(idle.contains(">Order version 1.2</button>") && !idle.contains("<dt>When</dt>"))
            try await withClient("gw1", of: server) { client in
                try await client.reportStatus("gw1")
                try await eventually("it is online") {
                    try await question(["all": "true"]).contains("1 online now; 1 offline, sent when they come back")
                }
            }
        }
    }

    @Test("Those in quarantine are counted, and not part of the order")
    func quarantine() async throws {
        try await withServer(configuredBy: {
            $0.plaintext = true; $0.newGateways = .quarantine
        }) { server in
            for gateway in ["gw1", "gw2", "gw3"] {
                try await withClient(gateway, of: server) { try await $0.reportStatus(gateway) }
            }
            try await eventually("all are known") {
                try await server.send("GET", "/api/v1/gateways").member("total") == "3"
            }
            #expect(try await server.send("POST", "/api/v1/gateways/gw1/approve", json: "{}").status == 200)
            #expect(try await server.send("PUT", "/api/v1/releases/1.2", bytes: [1]).status == 201)
            for target in ["all", "company"] {
                let body = try await server.sendForm("/upgrade/confirm", ["version": "1.2", target: "2"]).body
                #expect(body.contains("Send version 1.2 to 1 gateway?"))
                #expect(body.contains("2 gateways are in quarantine, and not part of the order."))
            }
        }
    }

    @Test("A running order leads to its gateways, and is cancelled by those who may order it")
    func cancellation() async throws {
        try await withFleet { server in
            let user = try await server.logIn(.user2)
            let admin = try await server.logIn(.admin2)
            let root = try await server.logIn(.root)
            func page(_ path: String, by visitor: Visitor) async throws -> String {
                try await server.send("GET", path, headers: visitor.browser).body
            }
            let order = ["version": "1.2", "gateway.gw2": "on", "gateway.gw3": "on"]
            #expect(try await server.submit("/upgrade/order", order, by: root).status == 303)
            let told = try await page("/upgrade?ordered=1", by: root)
            #expect(told.contains(#"href="/upgrade?order=1">"#) && told.contains(#"href="/upgrade/cancel?order=1">"#))

            let running = try await page("/", by: admin)
            #expect(running.contains(#"<a href="/upgrade?order=1"><span class="what">1.2</span> to 1 gateway</a>"#))
            #expect(running.contains(#"href="/upgrade/cancel?order=1" aria-label="Cancel order 1""#))
            let users = try await page("/", by: user)
            #expect(users.contains(#"<a href="/?order=1#gateways"><span class="what">1.2</span> to 1 gateway</a>"#))
            #expect(!users.contains("Cancel order"))
            #expect(try await page("/?order=1", by: user).contains("Only <bdi>order 1</bdi>."))

            let all = try await page("/upgrade?order=1", by: root)
            #expect(all.contains(#"data-gateway="gw2""#) && all.contains(#"data-gateway="gw3""#))
            #expect(!all.contains("gw 2?") && all.contains("ordered by <bdi>root@example.com</bdi>: 2 pending."))
            let own = try await page("/upgrade?order=1", by: admin)
            #expect(own.contains(#"data-gateway="gw2""#) && !own.contains("gw3"))
            let question = try await page("/upgrade/cancel?order=1", by: admin)
            #expect(question.contains("Cancel order 1?") && question.contains("Version 1.2 for 1 gateway"))
            let cancelled = try await server.submit("/upgrade/cancel", ["order": "1"], by: admin)
            #expect(cancelled.headers["location"] == "/upgrade?order=1&done=cancelled")
            let after = try await page("/upgrade?order=1&done=cancelled", by: admin)
            #expect(after.contains("Nothing of the order is pending any more.") && after.contains("cancelled 1.2"))
            #expect(!after.contains("/upgrade/cancel?order=1"))
            #expect(try await page("/upgrade/cancel?order=1", by: admin).contains("Order 1 is over"))
            // The other company's gateway is none of the admin's business.
            #expect(try await page("/upgrade?order=1", by: root).contains("1 pending, 1 cancelled."))
        }
    }

    @Test("Whoever sees several companies chooses one of them")
    func companies() async throws {
        try await withFleet { server in
            let root = try await server.logIn(.root)
            let admin = try await server.logIn(.admin2)
            let page = try await server.send("GET", "/upgrade?company=2", headers: root.browser).body
            #expect(page.contains(#"<select id="company" name="company"><option value="">all companies</option>"#))
            #expect(page.contains(#"<option value="2" selected>2: Company 2</option>"#))
            #expect(page.contains(#"<option value="3">3: Company 3</option>"#))
            let unknown = try await server.send("GET", "/upgrade?company=nine", headers: root.browser).body
            #expect(unknown.contains(#"<option value="nine" selected>nine: no such company</option>"#))
            #expect(try await !server.send("GET", "/upgrade", headers: admin.browser).body.contains(#"id="company""#))
        }
    }
}

extension [String: String] {
    fileprivate static func checking(_ gateways: String...) -> [String: String] {
        Dictionary(uniqueKeysWithValues: gateways.map { ("gateway.\($0)", "on") })
    }
}
