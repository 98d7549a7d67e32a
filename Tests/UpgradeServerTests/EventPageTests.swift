import Testing
import UpgradeServer

@testable import enum UpgradeServer.CSV

@Suite("The event log's page and its export", .serialized)
struct EventPageTests {
    @Test("Who reads the log, and whose events are in it")
    func roles() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let user = try await server.logIn(.user2)
            let admin = try await server.logIn(.admin2)
            let root = try await server.logIn(.root)
            for path in ["/events", "/events.csv"] {
                #expect(try await server.send("GET", path).headers["location"]?.hasPrefix("/login") == true)
                #expect(try await server.send("GET", path, headers: user.browser).status == 403)
                let own = try await server.send("GET", path, headers: admin.browser)
                #expect(own.status == 200)
                #expect(own.body.contains(Person.user2.rawValue) && !own.body.contains(Person.admin3.rawValue))
                let all = try await server.send("GET", path, headers: root.browser)
                #expect(all.body.contains(Person.user2.rawValue) && all.body.contains(Person.admin3.rawValue))
            }
        }
    }

    @Test("Events are chosen by gateway, user, kind and time, on the page and in the export alike")
    func filters() async throws {
        try await withServer { server in
            try await server.addPeople()
            for gateway in ["gw2", "gw3"] {
                try await withClient(gateway, of: server) { try await $0.reportStatus(gateway, company: "2") }
            }
            try await eventually("both are known") {
                try await server.send("GET", "/api/v1/gateways").member("total") == "2"
            }
            func both(_ query: String, _ check: (String) -> Bool) async throws {
                for path in ["/events", "/events.csv"] {
                    let answer = try await server.send("GET", "\(path)?\(query)")
                    #expect(answer.status == 200 && check(answer.body), "\(path)?\(query): \(answer.body)")
                }
            }
            try await both("gateway=gw2&user=&kind=&since=&until=") { $0.contains("gw2") && !$0.contains("gw3") }
            try await both("kind=userCreated") {
                $0.contains(Person.user2.rawValue) && !$0.contains("Company 2 created")
            }
            try await both("user=operator") { $0.contains(Person.user2.rawValue) && !$0.contains("gw2") }
            try await both("user=nobody") { !$0.contains(Person.user2.rawValue) && !$0.contains("gw2") }
            try await both("since=2001-01-01T00:00") { $0.contains("gw2") }
            try await both("until=2001-01-01T00:00:00") { !$0.contains("gw2") && !$0.contains(Person.user2.rawValue) }
            try await both("since=2999-12-31T23%3A59") { !$0.contains("gw2") }
            let page = try await server.send("GET", "/events?kind=userCreated&gateway=gw2").body
            #expect(page.contains(#"<option value="userCreated" selected>user created</option>"#))
            #expect(page.contains(#"value="gw2""#) && page.contains("/events.csv?gateway=gw2&amp;kind=userCreated"))
        }
    }

    @Test("Who wants the export and is not logged in comes to the page of the same events, after the log-in")
    func exportAfterLogIn() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            for (query, page) in [
                ("", "/events"),
                ("?gateway=gw2&since=2026-01-31T12%3A00", "/events?gateway=gw2&since=2026-01-31T12%3A00"),
            ] {
                let refused = try await server.send("GET", "/events.csv\(query)")
                let place = try #require(refused.headers["location"])
                let logIn = try await server.send("GET", place).body
                let next = try #require(logIn.firstMatch(of: /name="next" value="([^"]*)"/)).1
                let entered = try await server.sendForm(
                    "/login",
                    [
                        "username": Person.root.rawValue, "password": Person.root.rawValue,
                        "next": String(next).replacing("&amp;", with: "&"),
                    ])
                #expect(entered.status == 303 && entered.headers["location"] == page)
            }
        }
    }

    @Test("Who sees several companies chooses one; others see no choice, and nothing of another company")
    func companies() async throws {
        try await withLogInServer { server in
            try await server.addPeople()
            let (root, admin) = (try await server.logIn(.root), try await server.logIn(.admin2))
            for path in ["/events", "/events.csv"] {
                let answer = try await server.send("GET", "\(path)?company=2", headers: root.browser)
                #expect(answer.status == 200)
                #expect(answer.body.contains(Person.user2.rawValue) && !answer.body.contains(Person.admin3.rawValue))
                let foreign = try await server.send("GET", "\(path)?company=3", headers: admin.browser)
                #expect(!foreign.body.contains(Person.admin3.rawValue) && !foreign.body.contains("Company 3"))
                #expect(try await server.send("GET", "\(path)?company=nope", headers: root.browser).status == 422)
            }
            let page = try await server.send("GET", "/events?company=2", headers: root.browser).body
            #expect(page.contains(#"<option value="2" selected>2: Company 2</option>"#))
            #expect(page.contains(#"<option value="3">3: Company 3</option>"#))
            #expect(page.contains("/events.csv?company=2"))
            let unknown = try await server.send("GET", "/events?company=nope", headers: root.browser).body
            #expect(unknown.contains("There is no company &quot;nope&quot; here."))
            #expect(
                !(try await server.send("GET", "/events", headers: admin.browser).body.contains(#"name="company""#)))
        }
    }

    @Test("A filter that is none is said so beside its field, and what was typed is kept, inert")
    func badFilters() async throws {
        try await withServer { server in
            for field in ["gateway", "kind", "since", "until"] {
                let query = "\(field)=%22%3E%3Cscript%3E/"
                let answer = try await server.send("GET", "/events?\(query)", headers: [("Accept", "text/html")])
                #expect(answer.status == 422)
                #expect(answer.body.contains("id=\"\(field)-problem\"") && !answer.body.contains("<script>"))
                if field != "kind" { #expect(answer.body.contains("value=\"&quot;&gt;&lt;script&gt;/\"")) }
                #expect(try await server.send("GET", "/events.csv?\(query)").status == 422)
            }
            #expect(try await server.send("GET", "/events?cursor=x").status == 422)
        }
    }

    @Test("Pages follow each other, newest first, and keep the filter; the export has everything")
    func paging() async throws {
        try await withServer { server in
            for id in 100...304 {
                let name = "<i>Company \(id)"
                let json = #"{"id":"\#(id)","name":"\#(name)"}"#
                #expect(try await server.send("POST", "/api/v1/companies", json: json).status == 201)
            }
            var path = "/events?kind=companyCreated"
            var seen: [Int] = []
            for page in 1...3 {
                let body = try await server.send("GET", path).body
                #expect(body.contains(#"<div id="log" data-live"#) == (page == 1), "what is older stays as it is")
                #expect(!body.contains("<i>") && body.contains("&lt;i&gt;Company"))
                seen += body.matches(of: #/Company ([0-9]+) created/#).compactMap { Int($0.1) }
                let next = body.firstMatch(of: #/href="([^"]+)" rel="next"/#)?.1
                #expect((next == nil) == (page == 3))
                guard let next else { break }
                path = String(next).replacing("&amp;", with: "&")
                #expect(path.contains("kind=companyCreated"))
            }
            #expect(seen == (100...304).reversed())
            let export = try await server.send("GET", "/events.csv?kind=companyCreated")
            #expect(export.headers["content-type"]?.hasPrefix("text/csv") == true)
            #expect(export.headers["content-disposition"] == #"attachment; filename="events.csv""#)
            let lines = export.body.split(separator: "\r\n")
            #expect(lines.first == "id,time,kind,actor,gateway,company,count,detail")
            #expect(lines.count == 207, "the head, those, and the super company")
        }
    }

    @Test(
        "A value stays one value, and no spreadsheet runs it",
        arguments: [
            (["a", "b"], "a,b\r\n"),
            (["a,b", #"say "x""#, "two\r\nlines"], "\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\"\r\n"),
            (["=1+1", "+1", "-1", "@x"], "'=1+1,'+1,'-1,'@x\r\n"), (["\t=1", "\r=1"], "'\t=1,\"'\r=1\"\r\n"),
            ([" =1", "=\"a,b\""], "\"' =1\",\"'=\"\"a,b\"\"\"\r\n"), (["", "1-1"], ",1-1\r\n"),
            (["=\u{301}1", "\u{FF1D}1"], "'=\u{301}1,'\u{FF1D}1\r\n"),
        ])
    func csv(values: [String], expected: String) {
        #expect(Array(CSV.line(values).unicodeScalars) == Array(expected.unicodeScalars))
    }
}
