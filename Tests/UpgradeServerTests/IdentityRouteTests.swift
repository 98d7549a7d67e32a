import Testing
import UpgradeServer

@Suite("Routes: identities")
struct IdentityRouteTests {
    @Test("A gateway is enrolled, its secret shown once, and revoked", arguments: Entrance.allCases)
    func gateways(entrance: Entrance) async throws {
        try await withServer { server in
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
            let path = "/api/v1/gateways/gw2"
            #expect(try await server.send("GET", path, over: entrance).member("enrolled") == "false")
            #expect(try await server.send("POST", path + "/revoke", over: entrance).status == 409)
            let enrolled = try await server.send("POST", path + "/enroll", over: entrance)
            #expect(enrolled.status == 200)
            #expect(enrolled.headers["cache-control"] == "no-store")
            #expect(try enrolled.member("gateway") == "gw2")
            #expect(try enrolled.member("username") == "gw2")
            let password = try #require(try enrolled.member("password"))
            #expect(password.count == 32)
            let shown = try await server.send("GET", path, over: entrance)
            #expect(try shown.member("enrolled") == "true")
            let events = try await server.send("GET", path + "/events", over: entrance)
            #expect(events.body.contains("gatewayEnrolled"))
            #expect(!shown.body.contains(password) && !events.body.contains(password))
            let revoked = try await server.send("POST", path + "/revoke", over: entrance)
            #expect(revoked.status == 200)
            #expect(try revoked.member("enrolled") == "false")
            #expect(try await server.send("POST", "/api/v1/gateways/gw9/enroll", over: entrance).status == 404)
            let body = try await server.send("POST", path + "/enroll", json: #"{"password":"x"}"#, over: entrance)
            #expect(body.status == 422)
            #expect(try await server.send("GET", path, over: entrance).member("enrolled") == "false")
        }
    }

    @Test("An MQTT account is created, its password shown once, listed and removed", arguments: Entrance.allCases)
    func accounts(entrance: Entrance) async throws {
        try await withServer { server in
            let path = "/api/v1/mqtt-accounts"
            let created = try await server.send(
                "POST", path, json: #"{"name":"monitor","subscribe":["TOCLOUD/#"]}"#, over: entrance)
            #expect(created.status == 201)
            let password = try #require(try created.member("password"))
            #expect(password.count == 32)
            let list = try await server.send("GET", path, over: entrance)
            #expect(try list.member("total") == "1")
            #expect(list.body.contains(#"{"name":"monitor","publish":[],"subscribe":["TOCLOUD/#"]}"#))
            let again = try await server.send(
                "POST", path, json: #"{"name":"monitor","subscribe":["a"]}"#, over: entrance)
            #expect(again.status == 409)
            #expect(try await server.send("DELETE", path + "/monitor", over: entrance).status == 204)
            #expect(try await server.send("DELETE", path + "/monitor", over: entrance).status == 404)
            #expect(try await server.send("GET", path, over: entrance).member("total") == "0")
            let events = try await server.send("GET", "/api/v1/events", over: entrance)
            #expect(events.body.contains("mqttAccountAdded") && events.body.contains("mqttAccountRemoved"))
            #expect(!events.body.contains(password))
        }
    }

    @Test("Bad input is refused with a problem that names the field")
    func badInput() async throws {
        try await withServer { server in
            for (json, field) in [
                (#"{"name":"a/b","subscribe":["x"]}"#, "name"), (#"{"subscribe":["x"]}"#, "name"),
                (##"{"name":"m","publish":["a","#"]}"##, "publish[1]"),
                (#"{"name":"m","publish":["+/x"]}"#, "publish[0]"),
                (#"{"name":"m","subscribe":["$share/g/x"]}"#, "subscribe[0]"), (#"{"name":"m"}"#, "subscribe"),
                (#"{"name":"m","subscribe":"x"}"#, "subscribe"), (#"{"name":"m","password":"x"}"#, "password"),
            ] {
                let answer = try await server.send("POST", "/api/v1/mqtt-accounts", json: json)
                #expect(answer.status == 422)
                #expect(try answer.member("field") == field)
            }
            #expect(try await server.send("GET", "/api/v1/mqtt-accounts").member("total") == "0")
        }
    }

    @Test("The description has the routes and the bodies; metrics count the gateways that were turned away")
    func description() async throws {
        try await withServer { server in
            let body = try await server.send("GET", "/api/v1/openapi.json").body
            for text in [
                #""/gateways/{id}/enroll":"#, #""/gateways/{id}/revoke":"#, #""/mqtt-accounts":"#,
                #""/mqtt-accounts/{name}":"#, #""EnrolledBody":"#, #""MQTTAccountBody":"#, #""MQTTAccountCreation":"#,
                #""enrolled":"#,
            ] {
                #expect(body.contains(text), "\(text)")
            }
            let metrics = try await server.send("GET", "/metrics").body
            #expect(metrics.contains("\nupgrade_manager_gateways_turned_away_total 0\n"))
        }
    }
}
