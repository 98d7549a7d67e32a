import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Testing
import UpgradeServer

@Suite("Routes")
struct RouteTests {
    @Test("The control socket acts as the operator, TCP as the super user", arguments: Entrance.allCases)
    func principals(entrance: Entrance) async throws {
        try await withServer { server in
            let me = try await server.send("GET", "/api/v1/me", over: entrance)
            #expect(me.status == 200)
            #expect(try me.member("role") == "super")
            #expect(try me.member("username") == (entrance == .tcp ? "super@gushenxing.com" : "operator"))
        }
    }

    @Test("A gateway's STATUS shows up, and people change what they say of it", arguments: Entrance.allCases)
    func gateways(entrance: Entrance) async throws {
        try await withServer { server in
            try await withClient("gw2", of: server) { client in
                try await client.reportStatus("gw2")
                let gateway = try await server.send("GET", "/api/v1/gateways/gw2", over: entrance)
                #expect(try gateway.member("version") == "0.5")
                #expect(try gateway.member("companyId") == "2")
                #expect(try gateway.member("online") == "true")
                #expect(gateway.body.contains("\"version\":0.5"))
            }
            try await eventually("the gateway goes offline") {
                try await server.send("GET", "/api/v1/gateways/gw2").member("online") == "false"
            }
            let patched = try await server.send(
                "PATCH", "/api/v1/gateways/gw2", json: #"{"name":"Roof","latitude":47.5}"#, over: entrance)
            #expect(patched.status == 200)
            #expect(try patched.member("name") == "Roof")
            #expect(
                try await server.send("GET", "/api/v1/gateways?company=2&online=false&search=roo").member("total")
                    == "1")
            #expect(try await server.send("GET", "/api/v1/gateways?version=9").member("total") == "0")
            #expect(try await server.send("GET", "/api/v1/gateways/gw2/events", over: entrance).status == 200)
            #expect(try await server.send("DELETE", "/api/v1/gateways/gw2", over: entrance).status == 204)
            #expect(try await server.send("GET", "/api/v1/gateways/gw2", over: entrance).status == 404)
        }
    }

    @Test("Null takes away what a gateway may lack, and nothing else")
    func clearing() async throws {
        try await withServer { server in
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
            let path = "/api/v1/gateways/gw2"
            let place = #"{"address":"1 Mill Lane","latitude":47.5,"longitude":7.6}"#
            #expect(try await server.send("PATCH", path, json: place).status == 200)
            let cleared = try await server.send("PATCH", path, json: #"{"address":null,"latitude":null}"#)
            #expect(cleared.status == 200)
            #expect(cleared.body.contains(#""address":null"#))
            #expect(cleared.body.contains(#""latitude":null"#))
            #expect(try cleared.member("longitude") == "7.6")
            for member in ["name", "companyId"] {
                let refused = try await server.send("PATCH", path, json: "{\"\(member)\":null}")
                #expect(refused.status == 422)
                #expect(try refused.member("field") == member)
            }
        }
    }

    @Test("Over TCP one acts as a super user that there is, whoever was removed")
    func removedSuperUser() async throws {
        try await withServer { server in
            let other = #"{"username":"zoe","role":"super","companyId":"1","password":"correct horse battery"}"#
            #expect(try await server.send("POST", "/api/v1/users", json: other).status == 201)
            let bootstrap = "/api/v1/users/super@gushenxing.com"
            #expect(try await server.send("DELETE", bootstrap, over: .controlSocket).status == 204)
            #expect(try await server.send("GET", "/api/v1/me").member("username") == "zoe")
            let last = try await server.send("DELETE", "/api/v1/users/zoe", over: .controlSocket)
            #expect(last.status == 409)
        }
    }

    @Test("Companies and users are created, changed and removed")
    func accounts() async throws {
        try await withServer { server in
            let company = try await server.send(
                "POST", "/api/v1/companies", json: #"{"id":"7","name":"Acme","registered":true}"#)
            #expect(company.status == 201)
            #expect(try company.member("registered") == "true")
            #expect(try await server.send("POST", "/api/v1/companies", json: #"{"id":"7","name":"x"}"#).status == 409)
            #expect(try await server.send("PATCH", "/api/v1/companies/7", json: #"{"name":"Bcme"}"#).status == 200)
            #expect(try await server.send("PATCH", "/api/v1/companies/8", json: #"{"name":"x"}"#).status == 404)
            let body = #"{"username":"ann@x.org","role":"admin","companyId":"7","password":"correct horse battery"}"#
            let user = try await server.send("POST", "/api/v1/users", json: body)
            #expect(user.status == 201)
            #expect(!user.body.contains("horse"))
            #expect(
                try await server.send("PATCH", "/api/v1/users/ann%40x.org", json: #"{"role":"user"}"#).status == 200)
            #expect(try await server.send("GET", "/api/v1/users/ann@x.org").member("role") == "user")
            #expect(try await server.send("DELETE", "/api/v1/users/ann@x.org").status == 204)
            #expect(try await server.send("GET", "/api/v1/users/ann@x.org").status == 404)
        }
    }

    @Test("A release is uploaded, ordered, delivered and removed")
    func releases() async throws {
        try await withServer { server in
            let executable = Array(UInt8.min...UInt8.max)
            let added = try await server.send("PUT", "/api/v1/releases/1.2", bytes: executable)
            #expect(added.status == 201)
            #expect(try added.member("size") == "256")
            #expect(try await server.send("PUT", "/api/v1/releases/1.20", bytes: executable).status == 409)
            #expect(try await server.send("PUT", "/api/v1/releases/1.0.1", bytes: executable).status == 422)
            #expect(try await server.send("PUT", "/api/v1/releases/..%2Fx", bytes: executable).status == 422)
            #expect(try await server.send("GET", "/api/v1/releases/1.3").status == 404)
            let unknown = #"{"version":1.2,"target":{"gateways":["gw9"]}}"#
            #expect(try await server.send("POST", "/api/v1/deployments", json: unknown).status == 404)
            try await withClient("gw2", of: server) { client in
                try await client.reportStatus("gw2")
                let order = try await server.send(
                    "POST", "/api/v1/deployments", json: #"{"version":"1.2","target":{"gateways":["gw2"]}}"#)
                #expect(order.status == 201)
                #expect(order.body.contains("\"pending\":1"))
                try await client.reportStatus("gw2", version: "1.2")
                let id = try #require(try order.member("id"))
                try await eventually("the upgrade is confirmed") {
                    try await server.send("GET", "/api/v1/deployments/\(id)/gateways?state=confirmed").member("total")
                        == "1"
                }
                #expect(try await server.send("POST", "/api/v1/deployments/\(id)/cancel").status == 200)
            }
            #expect(try await server.send("DELETE", "/api/v1/releases/1.2").status == 204)
            #expect(try await server.send("GET", "/api/v1/releases").member("total") == "0")
        }
    }

    @Test("An upload over the limit is refused by its announced length")
    func tooLarge() async throws {
        try await withServer { server in
            let size = 268_435_001
            var request = HTTPClientRequest(url: "http://\(server.http.authority)/api/v1/releases/1.2")
            request.method = .PUT
            request.body = .stream(Zeros(count: size), length: .known(Int64(size)))
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
            let body = String(buffer: try await response.body.collect(upTo: 1 << 16))
            #expect(response.status == .payloadTooLarge)
            #expect(body.contains("268435000"))
            let releases = try await server.send("GET", "/api/v1/releases")
            #expect(try releases.member("total") == "0")
        }
    }

    @Test(
        "Bad input is refused with a problem that names the field",
        arguments: [
            ("PATCH", "/gateways/gw2", #"{"nmae":"x"}"#, UInt(422), "nmae"),
            ("PATCH", "/gateways/gw2", #"{"name":7}"#, 422, "name"),
            ("PATCH", "/gateways/gw2", #"{"latitude":91}"#, 422, "latitude"),
            ("POST", "/deployments", #"{"version":"x","target":{"all":true}}"#, 422, "version"),
            ("POST", "/deployments", #"{"version":1.2,"target":{}}"#, 422, "target"),
            ("POST", "/deployments", #"{"version":1.2}"#, 422, "target"),
            (
                "POST", "/users", #"{"username":"a","role":"king","companyId":"1","password":"xxxxxxxxxxxx"}"#, 422,
                "role"
            ),
            ("GET", "/gateways?limit=0", nil, 422, "limit"), ("GET", "/gateways?limit=x", nil, 422, "limit"),
            ("GET", "/gateways?cursor=zz", nil, 422, "cursor"), ("GET", "/gateways?colour=red", nil, 422, "colour"),
            ("GET", "/gateways?state=odd", nil, 422, "state"), ("GET", "/gateways?online=maybe", nil, 422, "online"),
            ("POST", "/gateways/gw2/approve", #"{"x":1}"#, 422, "x"),
            ("GET", "/events?kind=odd", nil, 422, "kind"), ("GET", "/events?kind=userCreated,", nil, 422, "kind"),
            ("GET", "/events?since=yesterday", nil, 422, "since"), ("GET", "/events?until=1", nil, 422, "until"),
        ] as [(String, String, String?, UInt, String?)])
    func badInput(method: String, path: String, json: String?, status: UInt, field: String?) async throws {
        try await withServer { server in
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
            let before = try await server.send("GET", "/api/v1/events").member("total")
            let answer = try await server.send(method, "/api/v1" + path, json: json)
            #expect(answer.status == status)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(try answer.member("field") == field)
            #expect(try answer.member("status") == String(status))
            #expect(try answer.member("detail")?.contains("\n") == false)
            try await eventually("nothing was changed but the presence") {
                let after = try await server.send("GET", "/api/v1/events").body
                return before != nil && !after.contains("gatewayChanged") && !after.contains("userCreated")
            }
        }
    }

    @Test("Events are filtered by gateway, user, kind and time")
    func eventFilters() async throws {
        try await withServer { server in
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
            for id in ["71", "72"] {
                let json = #"{"id":"\#(id)","name":"x"}"#
                let answer = try await server.send("POST", "/api/v1/companies", json: json, over: .controlSocket)
                #expect(answer.status == 201)
            }
            func total(_ query: String) async throws -> String? {
                try await server.send("GET", "/api/v1/events?\(query)").member("total")
            }
            #expect(try await total("kind=companyCreated&user=operator") == "2")
            #expect(try await total("kind=gatewayCreated") == "1")
            #expect(try await total("kind=gatewayCreated,userCreated&gateway=gw2") == "1")
            #expect(try await total("user=operator&kind=companyCreated&since=2020-01-01T00:00:00Z") == "2")
            #expect(try await total("user=operator&kind=companyCreated&since=2099-01-01T00:00:00%2B01:00") == "0")
            #expect(try await total("user=operator&kind=companyCreated&until=2099-01-01T00:00:00Z") == "2")
            #expect(try await total("until=2020-01-01T00:00:00Z") == "0")
        }
    }

    @Test("What is not there, or not possible, says so")
    func refusals() async throws {
        try await withServer { server in
            #expect(try await server.send("GET", "/api/v1/nothing").status == 404)
            #expect(try await server.send("GET", "/api/v1/gateways/a%2Fb").status == 404)
            #expect(try await server.send("GET", "/api/v1/deployments/x").status == 404)
            let wrongMethod = try await server.send("POST", "/api/v1/gateways", json: "{}")
            #expect(wrongMethod.status == 405)
            #expect(wrongMethod.headers["allow"] == "GET, HEAD")
            for path in ["/healthz", "/readyz", "/metrics", "/", "/style.css"] {
                #expect(try await server.send("POST", path).status == 405)
            }
            let options = try await server.send("OPTIONS", "/api/v1/releases/1.2")
            #expect(options.status == 405)
            #expect(options.headers["allow"] == "GET, PUT, DELETE, HEAD")
            let wrongType = try await server.send(
                "POST", "/api/v1/companies", json: "{}", headers: [("Content-Type", "text/plain")])
            #expect(wrongType.status == 415)
            let large = try await server.send(
                "POST", "/api/v1/companies", json: "\"" + String(repeating: "x", count: 1 << 20) + "\"")
            #expect(large.status == 413)
        }
    }

    @Test("Pages of a list lead to each other")
    func paging() async throws {
        try await withServer { server in
            for id in 2...6 {
                _ = try await server.send("POST", "/api/v1/companies", json: #"{"id":"\#(id)","name":"C"}"#)
            }
            var seen: [String] = []
            var path = "/api/v1/companies?limit=2"
            while true {
                let page = try await server.send("GET", path)
                #expect(try page.member("total") == "6")
                seen += page.body.matches(of: /"id":"(\d+)"/).map { String($0.1) }
                guard let cursor = try page.member("nextCursor") else { break }
                path = "/api/v1/companies?limit=2&cursor=\(cursor)"
            }
            #expect(seen == ["1", "2", "3", "4", "5", "6"])
        }
    }

    @Test("The description names every route, and health, metrics and page answer")
    func documents() async throws {
        try await withServer { server in
            let description = try await server.send("GET", "/api/v1/openapi.json")
            for path in ["/gateways/{id}/approve", "/releases/{version}", "/stream", "/openapi.json", "/me"] {
                #expect(description.body.contains("\"\(path)\":"))
            }
            #expect(try await server.send("GET", "/healthz").status == 200)
            #expect(try await server.send("GET", "/readyz").status == 200)
            let metrics = try await server.send("GET", "/metrics").body
            #expect(metrics.contains("\nupgrade_manager_gateways 0\n"))
            for name in [
                "clients", "unsent_bytes", "retained_messages", "write_stalls_total", "publisher_pauses_total",
            ] {
                #expect(metrics.contains("\nupgrade_manager_mqtt_\(name) 0\n"), "\(name)")
            }
            #expect(metrics.contains("\nupgrade_manager_mqtt_dropped_total{cause=\"queueFullOldest\"} 0\n"))
            let page = try await server.send("GET", "/")
            #expect(page.status == 200)
            #expect(page.headers["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
            #expect(page.headers["x-content-type-options"] == "nosniff")
            #expect(try await server.send("GET", "/style.css").headers["content-type"] == "text/css; charset=utf-8")
        }
    }

    @Test("Text that came from outside is inert in the page")
    func inertText() async throws {
        try await withServer { server in
            try await withClient("<script>x", of: server) { try await $0.reportStatus("<script>x") }
            let page = try await server.send("GET", "/").body
            #expect(page.contains("&lt;script&gt;x"))
            #expect(!page.contains("<script>x"))
        }
    }
}

/// So many zero bytes, a megabyte at a time.
private struct Zeros: AsyncSequence, Sendable {
    let count: Int

    func makeAsyncIterator() -> Iterator { Iterator(rest: count) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: Int

        mutating func next() async -> ByteBuffer? {
            guard rest > 0 else { return nil }
            let size = Swift.min(rest, 1 << 20)
            rest -= size
            return ByteBuffer(repeating: 0, count: size)
        }
    }
}
