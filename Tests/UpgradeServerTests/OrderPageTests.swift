import Testing
import UpgradeCore
import UpgradeServer

@Suite("Orders on pages", .serialized)
struct OrderPageTests {
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
}
