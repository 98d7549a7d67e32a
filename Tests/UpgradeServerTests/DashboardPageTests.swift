import Testing
import UpgradeServer

@Suite("The dashboard", .serialized)
struct DashboardPageTests {
    @Test(
        "A user's numbers lead to the gateways that they count, on the dashboard itself; those of others to the upgrade page"
    )
    func numbers() async throws {
        try await withFleet { server in
            let user = try await server.logIn(.user2)
            let admin = try await server.logIn(.admin2)
            let order = ["version": "1.2", "gateway.gw2": "on"]
            #expect(try await server.submit("/upgrade/order", order, by: admin).status == 303)
            func page(_ path: String, by visitor: Visitor) async throws -> String {
                let answer = try await server.send("GET", path, headers: visitor.browser)
                #expect(answer.status == 200, "\(path)")
                return answer.body
            }
            let own = try await page("/?span=hours", by: user)
            #expect(!own.contains("/upgrade"))
            for link in [
                "/?span=hours#gateways", "/?online=true&amp;span=hours#gateways",
                "/?state=pending&amp;span=hours#gateways", "/?running=0.5&amp;span=hours#gateways",
                "/?state=failed,timedOut&amp;span=hours#gateways",
            ] {
                #expect(own.contains(#"<a href="\#(link)""#), "\(link)")
            }
            for link in ["/upgrade", "/upgrade?online=true", "/upgrade?running=0.5"] {
                #expect(try await page("/", by: admin).contains(#"<a href="\#(link)""#), "\(link)")
            }

            let pending = try await page("/?state=pending&span=hours", by: user)
            #expect(pending.rows == ["gw2"])
            #expect(pending.contains("Only <bdi>last upgrade pending</bdi>."))
            #expect(pending.contains(#"<a href="/?span=hours#gateways">Show all</a>"#))
            #expect(pending.contains(#"href="/?state=pending""#), "the other span keeps the filter")
            let failed = try await page("/?state=failed", by: user)
            #expect(failed.rows.isEmpty && failed.contains("No gateway matches."))
            #expect(try await page("/?running=0.5&online=false", by: user).rows.count == 5)
            #expect(try await page("/?state=pending", by: admin).rows == ["gw2"])
            #expect(try await page("/?search=gw3", by: user).rows.isEmpty, "another company's")
            for wrong in ["state=odd", "running=x", "online=perhaps", "cursor=%00"] {
                #expect(try await server.send("GET", "/?\(wrong)", headers: user.browser).status == 422, "\(wrong)")
            }
        }
    }

    @Test("The list of a filter goes on page by page, and keeps it")
    func paging() async throws {
        let others = (10..<35).map { ("unit\($0)", "2") }
        try await withFleet(and: others) { server in
            let user = try await server.logIn(.user2)
            var path = "/?search=unit"
            var seen: [String] = []
            for place in 1...2 {
                let body = try await server.send("GET", path, headers: user.browser).body
                #expect(body.contains("25 gateways") && body.contains("Only <bdi>“unit”"))
                seen += body.rows
                let next = body.firstMatch(of: /href="([^"]+)" rel="next"/)?.1
                #expect((next == nil) == (place == 2))
                guard let next else { break }
                #expect(next.contains("search=unit&amp;cursor=") && next.hasSuffix("#gateways"))
                path = String(next.prefix { $0 != "#" }).replacing("&amp;", with: "&")
            }
            #expect(seen == others.map(\.0))
        }
    }
}

extension String {
    /// The gateways of the list, as far as their ids are plain.
    fileprivate var rows: [String] {
        guard
            let table = split(separator: #"<table class="fleet">"#).dropFirst().first?.split(separator: "</table>")
                .first
        else { return [] }
        return table.matches(of: /<tr data-key="([^"]*)"/).map { String($0.1) }
    }
}
