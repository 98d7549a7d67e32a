import FoundationEssentials
import MQTTWire
import Testing
import UpgradeProtocol
import UpgradeServer

@Suite("Who may come in over MQTT")
struct IdentityRulesTests {
    static let versions: [ProtocolVersion] = [.v3_1_1, .v5_0]

    @Test("A will that it may not publish keeps a gateway out; its own topics are free", arguments: versions)
    func wills(version: ProtocolVersion) async throws {
        try await withServer { server in
            let refused = [
                ("TOCLOUD/STATUS/gw3", false), ("TOGATEWAY/UPGRADE/gw3", false), ("TOCLOUD/STATUS/gw2", true),
                ("other", false),
            ]
            for (topic, retain) in refused {
                let will = Will(topic: try TopicName(topic), payload: statusFrame(), retain: retain)
                await #expect(throws: MQTTClientError.refused(.notAuthorized, reason: nil), "\(topic)") {
                    try await withClient("gw2", of: server, version: version, will: will) { _ in }
                }
            }
            let will = Will(topic: try TopicName("TOCLOUD/STATUS/gw2"), payload: statusFrame())
            try await withClient("gw2", of: server, version: version, will: will) { _ in }
        }
    }

    @Test("A wrong secret waits longer each time for its refusal, the right one never", .timeLimit(.minutes(5)))
    func slowdown() async throws {
        try await withServer { server in
            let clock = ContinuousClock()
            var waits: [Duration] = []
            for _ in 0..<4 {
                waits.append(
                    await clock.measure {
                        await #expect(throws: MQTTClientError.refused(.badUserNameOrPassword, reason: nil)) {
                            try await withClient("gw2", of: server, password: "wrong") { _ in }
                        }
                    })
            }
            // 0.25, 0.5, 1 and 2 s: what was waited at least.
            for (wait, least) in zip(waits, [250, 500, 1000, 2000]) { #expect(wait >= .milliseconds(least)) }
            let right = try await clock.measure { try await withClient("gw2", of: server) { _ in } }
            #expect(right < .seconds(2))
            // One gateway's wrong password does not hold up another with the same shared account.
            let other = await clock.measure {
                await #expect(throws: MQTTClientError.self) {
                    try await withClient("gw3", of: server, password: "wrong") { _ in }
                }
            }
            #expect(other < .seconds(2))
        }
    }

    @Test("Long secrets and half ones get a refusal", arguments: versions)
    func oddSecrets(version: ProtocolVersion) async throws {
        try await withServer { server in
            let long = String(repeating: "x", count: 65_535)
            for (user, password) in [("user", long), (long, "password"), (long, long), ("user", nil)] {
                await #expect(throws: MQTTClientError.refused(.badUserNameOrPassword, reason: nil)) {
                    try await withClient("gw2", of: server, version: version, userName: user, password: password) { _ in
                    }
                }
            }
            try await withClient("gw2", of: server, version: version) { _ in }
        }
    }

    @Test(
        "An account's cells: what its filters cover, nothing of gateways, no retained message in their name",
        arguments: versions)
    func accounts(version: ProtocolVersion) async throws {
        try await withServer { server in
            let answer = try await server.send(
                "POST", "/api/v1/mqtt-accounts",
                json: #"{"name":"monitor","publish":["a/+","$x"],"subscribe":["TOCLOUD/#"]}"#)
            #expect(answer.status == 422)
            let added = try await server.send(
                "POST", "/api/v1/mqtt-accounts",
                json: #"{"name":"monitor","publish":["a/+"],"subscribe":["TOCLOUD/#","b/+"]}"#)
            #expect(added.status == 201)
            let password = try #require(try added.member("password"))
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }

            try await withClient("watch", of: server, version: version, userName: "monitor", password: password) {
                client in
                for filter in ["TOCLOUD/#", "TOCLOUD/STATUS/+", "TOCLOUD", "b/+", "b/c"] {
                    _ = try await client.subscribe(to: try TopicFilter(filter))
                }
                for filter in ["#", "+/#", "b/#", "TOGATEWAY/UPGRADE/gw2", "$SYS/#", "$share/g/b/c", "a/b"] {
                    await #expect(throws: MQTTClientError.self, "\(filter)") {
                        try await client.subscribe(to: try TopicFilter(filter, version: version))
                    }
                }
                try await client.publish(MQTTPublication(topic: try TopicName("a/b"), payload: [1], qos: .atLeastOnce))
                for topic in ["TOCLOUD/STATUS/gw2", "TOGATEWAY/UPGRADE/gw2", "a", "a/b/c", "b/c"] {
                    let publication = MQTTPublication(
                        topic: try TopicName(topic), payload: statusFrame(company: "9"), qos: .atLeastOnce)
                    if version == .v5_0 {
                        await #expect(throws: MQTTClientError.publishRefused(.notAuthorized, reason: nil), "\(topic)") {
                            try await client.publish(publication)
                        }
                    } else {
                        try await client.publish(publication)
                    }
                }
            }
            // A client id that a gateway has is not for accounts.
            await #expect(throws: MQTTClientError.refused(.clientIdentifierNotValid, reason: nil)) {
                try await withClient("gw2", of: server, version: version, userName: "monitor", password: password) {
                    _ in
                }
            }
            let companies = try await server.send("GET", "/api/v1/companies")
            #expect(!companies.body.contains("\"9\""))
            let fleet = try await server.send("GET", "/api/v1/gateways")
            #expect(try fleet.member("total") == "1")
        }
    }

    @Test("An account is none but an account, whatever its name begins with")
    func accountNames() async throws {
        try await withServer { server in
            // A mark that combines with whatever stands before it.
            let added = try await server.send(
                "POST", "/api/v1/mqtt-accounts", json: #"{"name":"\u0301m","publish":[],"subscribe":["a"]}"#)
            #expect(added.status == 201)
            let password = try #require(try added.member("password"))
            try await withClient("watch", of: server, userName: "\u{301}m", password: password) { client in
                #expect(try await client.subscribe(to: try TopicFilter("a")) == .atLeastOnce)
                await #expect(throws: MQTTClientError.self) {
                    try await client.subscribe(to: try TopicFilter("TOGATEWAY/UPGRADE"))
                }
                try await client.reportStatus("watch")
            }
            #expect(try await server.send("GET", "/api/v1/gateways").member("total") == "0")
        }
    }

    @Test(
        "What an account that is removed had subscribed to is not there for one of the same name", arguments: versions)
    func removedAccounts(version: ProtocolVersion) async throws {
        try await withServer { server in
            func account(_ filter: String) async throws -> String {
                let added = try await server.send(
                    "POST", "/api/v1/mqtt-accounts",
                    json: #"{"name":"monitor","publish":["a"],"subscribe":["\#(filter)"]}"#)
                return try #require(try added.member("password"))
            }
            func isSessionPresent(_ password: String) async throws -> Bool {
                try await withClient(
                    "watch", of: server, version: version, userName: "monitor", password: password, keepsSession: true
                ) { client in
                    for await state in client.states {
                        if case .connected(let info) = state { return info.sessionPresent }
                    }
                    return false
                }
            }
            let first = try await account("a")
            #expect(try await isSessionPresent(first) == false)
            #expect(try await isSessionPresent(first))
            #expect(try await server.send("DELETE", "/api/v1/mqtt-accounts/monitor").status == 204)
            #expect(try await isSessionPresent(try await account("b")) == false)
        }
    }

    @Test(
        "Nobody who was a gateway by the shared secret has a last word in its name", arguments: ["enroll", "disable"])
    func lastWords(change: String) async throws {
        try await withServer { server in
            let added = try await server.send(
                "POST", "/api/v1/mqtt-accounts", json: #"{"name":"monitor","publish":[],"subscribe":["TOCLOUD/#"]}"#)
            let password = try #require(try added.member("password"))
            try await withClient("watch", of: server, userName: "monitor", password: password) { monitor in
                _ = try await monitor.subscribe(to: try TopicFilter("TOCLOUD/#"))
                try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
                let will = Will(topic: try TopicName("TOCLOUD/STATUS/gw2"), payload: statusFrame(version: "9.9"))
                try await withClient("gw2", of: server, will: will) { client in
                    let states = client.states
                    let answer = try await server.send("POST", "/api/v1/gateways/gw2/\(change)")
                    #expect(answer.status == 200)
                    for await state in states {
                        if case .connected = state { continue }
                        break
                    }
                }
                try await withClient("gw3", of: server) { try await $0.reportStatus("gw3") }
                var heard: [String] = []
                for await message in monitor.messages {
                    heard.append(message.topic.text)
                    if message.topic.text.hasSuffix("gw3") { break }
                }
                #expect(heard == ["TOCLOUD/STATUS/gw2", "TOCLOUD/STATUS/gw3"])
            }
        }
    }

    @Test("Nobody but the gateway itself ends, wipes or takes over its session", arguments: versions)
    func takeover(version: ProtocolVersion) async throws {
        try await withServer { server in
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
            let enrolled = try await server.send("POST", "/api/v1/gateways/gw2/enroll")
            let secret = try #require(try enrolled.member("password"))
            try await withClient("gw2", of: server, version: version, userName: "gw2", password: secret) { gateway in
                await #expect(throws: MQTTClientError.refused(.notAuthorized, reason: nil)) {
                    try await withClient("gw2", of: server, version: version) { _ in }
                }
                try await gateway.reportStatus("gw2", version: "0.7")
            }
            #expect(try await server.send("GET", "/api/v1/gateways/gw2").member("version") == "0.7")
        }
    }
}
