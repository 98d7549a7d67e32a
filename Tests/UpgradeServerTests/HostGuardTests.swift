import Testing
import UpgradeServer

@Suite("Whose browser may talk to a server without log-in")
struct HostGuardTests {
    @Test(
        "Host and Origin must be loopback names, or named",
        arguments: [
            ("localhost", nil, 200), ("127.0.0.1:5001", nil, 200), ("[::1]:80", nil, 200), ("fleet.example", nil, 200),
            ("FLEET.example:1", nil, 200), ("evil.example", nil, 403), ("127.0.0.1.evil.example", nil, 403),
            ("localhost@evil.example", nil, 403), ("localhost", "http://localhost:3000", 200),
            ("localhost", "https://fleet.example", 200), ("localhost", "http://evil.example", 403),
            ("localhost", "null", 403), ("localhost", "file://localhost", 403),
        ] as [(String, String?, UInt)])
    func tcp(host: String, origin: String?, status: UInt) async throws {
        try await withServer(configuredBy: { $0.httpNames = ["fleet.example"] }) { server in
            let headers = [("Host", host)] + (origin.map { [("Origin", $0)] } ?? [])
            for path in ["/api/v1/me", "/"] {
                let answer = try await server.send("GET", path, headers: headers)
                #expect(answer.status == status, "\(host) \(path)")
            }
        }
    }

    @Test("The control socket has no such check")
    func controlSocket() async throws {
        try await withServer { server in
            let answer = try await server.send(
                "GET", "/api/v1/me", headers: [("Host", "evil.example")], over: .controlSocket)
            #expect(answer.status == 200)
        }
    }
}
