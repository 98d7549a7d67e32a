import Testing
import UpgradeServer

@Suite("What pages say of what went wrong", .serialized)
struct ProblemPageTests {
    @Test("An order that cannot be given leads back to where it comes from, which says why")
    func orders() async throws {
        try await withFleet { server in
            let admin = try await server.logIn(.admin2)
            for (fields, problem) in [
                (["version": "1.0", "list": "search=gw"], "check at least one gateway"),
                (["version": "1.0", "gateway.gw3": "on"], "Nothing was ordered: no gateway &quot;gw3&quot;."),
                (["version": "9", "gateway.gw2": "on"], "Nothing was ordered: no release &quot;9&quot;."),
                (["version": "x", "gateway.gw2": "on"], "choose a version"),
                (["gateway.gw2": "on"], "choose a version"),
                (["version": "1.0", "company": "3"], "Nothing was ordered: no company &quot;3&quot;."),
                (["version": "older"], "check at least one gateway"),
            ] {
                for path in ["/upgrade/confirm", "/upgrade/order"] {
                    let answer = try await server.submit(path, fields, by: admin)
                    #expect(answer.status == 422, "\(path) \(fields)")
                    if fields["version"] != "older" { #expect(answer.body.contains(problem), "\(path) \(fields)") }
                    #expect(answer.body.contains("Upgrade the checked gateways"), "\(path) \(fields)")
                }
            }
            let searched = try await server.submit(
                "/upgrade/confirm", ["version": "1.0", "list": "search=gw"], by: admin)
            #expect(searched.body.contains(#"data-address="/upgrade?search=gw&amp;version=1""#))
            #expect(searched.body.contains(#"<option value="1" data-key="1" selected>"#))
            let one = try await server.submit(
                "/upgrade/confirm", ["version": "9", "page": "gw2", "gateway.gw2": "on"], by: admin)
            #expect(one.status == 422 && one.body.contains("What happened"), "the gateway's page")
            #expect(one.body.contains("Nothing was ordered: no release &quot;9&quot;."))
            #expect(try await server.send("GET", "/api/v1/deployments", headers: admin.headers).member("total") == "0")
        }
    }

    @Test("A filter that finds nobody says so, and keeps the list")
    func filters() async throws {
        try await withFleet { server in
            let (admin, root) = (try await server.logIn(.admin2), try await server.logIn(.root))
            for (visitor, company) in [(root, "nope"), (admin, "nope"), (admin, "3")] {
                let answer = try await server.send("GET", "/upgrade?company=\(company)", headers: visitor.browser)
                #expect(answer.status == 404)
                #expect(answer.body.contains("There is no company &quot;\(company)&quot; here."))
                #expect(answer.body.contains("Upgrade gateways"))
            }
            #expect(try await server.send("GET", "/upgrade?company=3", headers: root.browser).status == 200)
            for query in ["online=perhaps", "state=odd", "running=x", "cursor=x"] {
                let answer = try await server.send("GET", "/upgrade?\(query)", headers: root.browser)
                #expect(answer.status == 422, "\(query)")
                #expect(answer.body.contains("role=\"alert\"") && answer.body.contains("Upgrade gateways"), "\(query)")
            }
        }
    }

    @Test("What is not there is called by what it is, with the way to those that are")
    func missing() async throws {
        try await withFleet { server in
            let (admin, root) = (try await server.logIn(.admin2), try await server.logIn(.root))
            for (path, noun, list) in [
                ("/gateway?id=nope", "gateway", "/upgrade"), ("/gateway/remove?id=nope", "gateway", "/upgrade"),
                ("/gateways/nope", "gateway", ""), ("/users/change?username=nope", "user", "/users"),
                ("/users/remove?username=nope", "user", "/users"),
                ("/companies/change?id=nope", "company", "/companies"),
                ("/releases/remove?version=77", "release", "/releases"), ("/releases/remove", "release", "/releases"),
                ("/upgrade?ordered=77", "order", "/upgrade"),
            ] {
                var answer = try await server.send("GET", path, headers: root.browser)
                if let target = answer.headers["location"] {
                    answer = try await server.send("GET", target, headers: root.browser)
                }
                #expect(answer.status == 404, "\(path)")
                #expect(answer.body.contains("<h2>There is no such \(noun) here</h2>"), "\(path)")
                #expect(answer.body.contains("<a href=\"\(list.isEmpty ? "/upgrade" : list)\">To the "), "\(path)")
                #expect(!answer.body.contains("no such page"), "\(path)")
            }
            let foreign = try await server.send("GET", "/gateway?id=gw3", headers: admin.browser)
            let none = try await server.send("GET", "/gateway?id=nope", headers: admin.browser)
            #expect(foreign.status == 404 && none.status == 404)
            let masked = [
                foreign.body.replacing("gw3", with: "nope"), none.body,
            ].map { $0.replacing(/data-page-time="[^"]*"/, with: "") }
            #expect(masked[0] == masked[1], "another company's is not told from none")
            let page = try await server.send("GET", "/nothing", headers: root.browser)
            #expect(page.status == 404 && page.body.contains("<h2>There is no such page</h2>"))
        }
    }

    @Test("No page of a problem is headed by a phrase of HTTP")
    func headings() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let (root, user) = (try await server.logIn(.root), try await server.logIn(.user2))
            let phrases = [
                "Unprocessable", "Forbidden", "Not Found", "Bad Request", "Method Not Allowed", "Conflict",
                "Content Too Large", "Unsupported Media Type",
            ]
            var answers: [(String, Answer)] = []
            for path in ["/upgrade/confirm", "/upgrade/order", "/users/password", "/logout", "/profile/tokens/nope"] {
                answers.append((path, try await server.send("GET", path, headers: root.browser)))
            }
            for path in ["/upgrade", "/users", "/companies", "/events", "/gateway?id=x", "/releases/remove?version=1"] {
                answers.append((path, try await server.send("GET", path, headers: user.browser)))
            }
            for path in [
                "/upgrade/confirm", "/upgrade/order", "/users", "/users/change", "/users/password", "/users/remove",
                "/companies", "/companies/change", "/profile", "/releases/remove", "/gateway?id=x",
                "/gateway/remove?id=x",
            ] {
                answers.append((path, try await server.submit(path, ["odd": "1"], by: root)))
                answers.append((path, try await server.submit(path, [:], by: root)))
                answers.append(
                    (path, try await server.submit(path, ["odd": String(repeating: "x", count: 100_000)], by: root)))
                let stale = Visitor(cookie: root.cookie, csrfToken: "stale")
                answers.append((path, try await server.submit(path, [:], by: stale)))
            }
            for (path, answer) in answers where answer.status >= 400 {
                #expect(answer.headers["content-type"]?.hasPrefix("text/html") == true, "\(path) \(answer.status)")
                for phrase in phrases {
                    #expect(!answer.body.contains("<h2>\(phrase)"), "\(path) \(answer.status)")
                }
            }
            let posted = try await server.send("GET", "/upgrade/order", headers: root.browser)
            #expect(posted.status == 405 && posted.headers["allow"] == "POST")
        }
    }
}
