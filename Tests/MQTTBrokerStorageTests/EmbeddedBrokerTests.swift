import Glibc
import ProgramSupport
import Testing

/// The flags of `embedded-broker` that let clients in by certificates, and what it does with sockets.
@Suite(.enabled(if: access("/usr/bin/mosquitto_pub", X_OK) == 0, "mosquitto-clients are not installed"))
struct EmbeddedBrokerTests {
    private let folder = TemporaryFolder()

    /// A key, and a certificate for it by an authority, or by itself.
    private func makeCertificate(_ name: String, by authority: String? = nil) async throws {
        var arguments = [
            "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2",
            "-subj", "/CN=\(name)", "-keyout", file("\(name).key"), "-out", file("\(name).pem"),
        ]
        if let authority {
            arguments += ["-CA", file("\(authority).pem"), "-CAkey", file("\(authority).key")]
            arguments += ["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=IP:127.0.0.1"]
        }
        let outcome = try await Program.run("/usr/bin/openssl", arguments)
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    private func file(_ name: String) -> String { folder.path + "/" + name }

    private func start(_ flags: [String] = []) async throws -> (Program, ports: [UInt16]) {
        let program = try Program("embedded-broker", ["--port", "0", "--loops", "1"] + flags)
        let line = try #require(await program.nextLine(), "\(program.errorsSoFar)")
        let ports = line.split(separator: " ").compactMap { $0.split(separator: ":").last.flatMap { UInt16($0) } }
        return (program, ports)
    }

    private func publish(_ port: UInt16, certificate: String?) async throws -> Int32 {
        let own = certificate.map { ["--cert", file("\($0).pem"), "--key", file("\($0).key")] } ?? []
        return try await Program.run(
            "/usr/bin/mosquitto_pub",
            ["-h", "127.0.0.1", "-p", "\(port)", "--cafile", file("authority.pem"), "-q", "1", "-t", "t", "-m", "x"]
                + own
        ).status
    }

    @Test("--ca lets in who has a certificate of the authority or none; --require-certificate only the former")
    func certificatesOfClients() async throws {
        mkdir(folder.path, 0o700)
        try await makeCertificate("authority")
        try await makeCertificate("server", by: "authority")
        try await makeCertificate("client", by: "authority")
        try await makeCertificate("impostor")
        let flags = ["--tls-port", "0", "--cert", file("server.pem"), "--key", file("server.key")]
        for isRequired in [false, true] {
            let more = ["--ca", file("authority.pem")] + (isRequired ? ["--require-certificate"] : [])
            let (program, ports) = try await start(flags + more)
            try #require(ports.count == 2)
            #expect(try await publish(ports[1], certificate: "client") == 0)
            #expect(try await publish(ports[1], certificate: "impostor") != 0)
            #expect(try await (publish(ports[1], certificate: nil) == 0) == !isRequired)
            // Without TLS nobody is asked.
            let plain = try Peer(port: ports[0])
            try plain.connect("plain")
            program.terminate()
            #expect(try await program.end().status == 0)
        }
    }

    @Test(
        "Flags that want others say so",
        arguments: [
            (["--ca", "x"], "--ca and --require-certificate want --cert and --key"),
            (
                ["--tls-port", "0", "--cert", "x", "--key", "y", "--require-certificate"],
                "--require-certificate wants --ca"
            ),
        ])
    func whatBelongsTogether(flags: [String], text: String) async throws {
        let outcome = try await Program.run("embedded-broker", ["--port", "0"] + flags)
        #expect(outcome.status == 64 && outcome.errors.contains(text), "\(outcome)")
    }

    @Test(
        "TCP looks after connections without a keep-alive of MQTT's own",
        .enabled(if: access("/proc/net/tcp", R_OK) == 0))
    func socketsAreKeptAlive() async throws {
        let (program, ports) = try await start()
        let port = try #require(ports.first)
        let peer = try Peer(port: port)
        try peer.connect("c")
        try peer.ping()
        var timers: [Substring] = []
        // The timer of a segment that is not acknowledged yet is shown in its place.
        for _ in 0..<250 where timers.count != 1 || !timers[0].hasPrefix("02:") {
            timers = try await self.timers(port)
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(timers.count == 1 && timers.allSatisfy { $0.hasPrefix("02:") }, "\(timers)")
        program.terminate()
        #expect(try await program.end().status == 0)
    }

    /// The timers of the established connections to a port.
    private func timers(_ port: UInt16) async throws -> [Substring] {
        // Local address, remote address, state 1 (established), queues, and the timer: 2 is the keep-alive's.
        let table = try await Program.run("/bin/cat", ["/proc/net/tcp"]).output
        let end = ":" + hexadecimal(port)
        var timers: [Substring] = []
        for line in table.split(separator: "\n") {
            let columns = line.split(separator: " ")
            if columns.count > 5, columns[3] == "01", columns[1].hasSuffix(end) { timers.append(columns[5]) }
        }
        return timers
    }

    private func hexadecimal(_ port: UInt16) -> String {
        let digits = String(port, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
