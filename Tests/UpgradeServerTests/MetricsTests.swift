import Testing
import UpgradeCore
import UpgradeServer

@Suite("Metrics", .serialized)
struct MetricsTests {
    @Test("On loopback whoever asks is told, of the fleet, the broker and the certificate")
    func content() async throws {
        try await withLogInServer(configuredBy: { $0.newGateways = .quarantine }) { server in
            let answer = try await server.send("GET", "/metrics")
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            for name in [
                "mqtt_connections_accepted_total", "mqtt_accept_pauses_total", "mqtt_tls_failures_total",
                "mqtt_connect_timeouts_total", "mqtt_connects_refused_total", "mqtt_publishes_refused_total",
                "mqtt_connections", "mqtt_connections_unauthenticated", "mqtt_connections_waiting",
                "gateways_quarantined",
            ] {
                #expect(answer.body.contains("\nupgrade_manager_\(name) 0\n"), "\(name)")
            }
            let certificate = try CertificateFile.read(server.dataFolder + "/tls/server.crt").certificate
            let expiry = certificate.notAfter.milliseconds / 1_000
            #expect(
                answer.body.contains("\nupgrade_manager_certificate_expiry_timestamp_seconds \(expiry)\n"))
            let families = answer.body.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            #expect(Set(families).count == families.count)
        }
    }

    @Test("Gateways in quarantine are counted; without TLS there is no certificate to tell of")
    func quarantine() async throws {
        try await withServer(configuredBy: { $0.newGateways = .quarantine }) { server in
            for id in ["gw1", "gw2"] { try await withClient(id, of: server) { try await $0.reportStatus(id) } }
            let approval = try await server.send("POST", "/api/v1/gateways/gw1/approve", over: .controlSocket)
            #expect(approval.status == 200)
            let metrics = try await server.send("GET", "/metrics").body
            #expect(metrics.contains("\nupgrade_manager_gateways_quarantined 1\n"))
            #expect(metrics.contains("\nupgrade_manager_gateways 2\n"))
            #expect(!metrics.contains("certificate"))
        }
    }

    @Test("Where others come in, metrics are for super users and the operator")
    func access() async throws {
        try await withLogInServer(configuredBy: { $0.behindProxy = true }) { server in
            try await server.addPeople()
            func status(_ headers: [(String, String)], over entrance: Entrance = .tcp) async throws -> UInt {
                try await server.send("GET", "/metrics", headers: headers, over: entrance).status
            }
            let stranger = try await server.send("GET", "/metrics", headers: [("Accept", "text/html")])
            #expect(stranger.status == 401)
            #expect(stranger.headers["content-type"] == "application/problem+json")
            #expect(!stranger.body.contains("upgrade_manager"))
            #expect(try await status([("Authorization", "Bearer x")]) == 401)
            #expect(try await status(try await server.logIn(.user2).headers) == 403)
            #expect(try await status(try await server.logIn(.admin2).headers) == 403)
            #expect(try await status(try await server.logIn(.root).headers) == 200)
            let first = try await server.logIn("super@gushenxing.com", "gushenxing123")
            #expect(try await status(first.headers) == 403, "the password is to be changed first")
            #expect(try await status([], over: .controlSocket) == 200)
            for path in ["/healthz", "/readyz"] { #expect(try await server.send("GET", path).status == 200) }
        }
    }
}
