import AsyncHTTPClient
import FoundationEssentials
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle
import Testing
import UpgradeCore

@testable import UpgradeServer

@Suite("HTTP over TLS", .serialized)
struct HTTPSTests {
    /// Runs a server with HTTPS, its certificate in the data folder.
    private func withHTTPS(
        _ certificate: TestCertificate, _ body: (Server.Endpoints) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            var configuration = ServerConfiguration.onFreePorts(in: folder)
            configuration.plaintext = false
            configuration.https = true
            try configuration.dataFolder.create()
            try certificate.write(to: configuration.dataFolder.tls)
            try await withServer(on: configuration, body)
        }
    }

    @Test("Pages and API answer over TLS, with secure cookies and HSTS; plain HTTP gets no answer")
    func serving() async throws {
        try await withHTTPS(.first) { server in
            try await withTrust(in: .first) { client in
                let answer = try await client.get("https://127.0.0.1:\(server.http.port)/login")
                #expect(answer.status == .ok)
                #expect(
                    answer.headers.first(name: "strict-transport-security") == nil, "it would bind all of localhost")
                var named = HTTPClientRequest(url: "https://127.0.0.1:\(server.http.port)/login")
                named.headers.add(name: "Host", value: "fleet.example")
                let strict = try await client.execute(named, timeout: .seconds(20))
                #expect(strict.headers.first(name: "strict-transport-security") == "max-age=31536000")

                var request = HTTPClientRequest(url: "https://localhost:\(server.http.port)/api/v1/session")
                request.method = .POST
                request.headers.add(name: "Content-Type", value: "application/json")
                request.headers.add(name: "Origin", value: "https://localhost:\(server.http.port)")
                request.body = .bytes(
                    ByteBuffer(string: #"{"username":"super@gushenxing.com","password":"gushenxing123"}"#))
                let session = try await client.execute(request, timeout: .seconds(20))
                #expect(session.status == .ok)
                let cookie = try #require(session.headers.first(name: "set-cookie"))
                #expect(cookie.hasPrefix("__Host-um_session="))
                #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Strict; Secure"))
            }
            await #expect(throws: (any Error).self) { try await server.send("GET", "/login") }
            let socket = try await server.send("GET", "/api/v1/me", over: .controlSocket)
            #expect(socket.status == 200, "the control socket stays plain")
            #expect(socket.headers["strict-transport-security"] == nil)
        }
    }

    @Test("Metrics say when the certificate expires; without TLS there is none")
    func expiry() async throws {
        let name = "upgrade_manager_certificate_expiry_timestamp_seconds"
        try await withTemporaryFolder { folder in
            try TestCertificate.first.write(to: folder)
            let certificate = try CertificateFile.read(folder + "/server.crt").certificate
            try await withHTTPS(.first) { server in
                let metrics = try await server.send("GET", "/metrics", over: .controlSocket).body
                #expect(metrics.contains("\n\(name) \(certificate.notAfter.milliseconds / 1000)\n"))
                #expect(metrics.contains("\nupgrade_manager_mqtt_connections_unauthenticated 0\n"))
            }
        }
        try await withServer { server in
            let metrics = try await server.send("GET", "/metrics").body
            #expect(!metrics.contains(name))
        }
    }

    @Test("A client that trusts somebody else does not connect")
    func mistrust() async throws {
        try await withHTTPS(.first) { server in
            try await withTrust(in: .second) { client in
                _ = await #expect(throws: (any Error).self) {
                    try await client.get("https://127.0.0.1:\(server.http.port)/login")
                }
            }
        }
    }

    @Test("Files that cannot be used are refused at the start, in one line that names them")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            let (certificate, key) = (folder + "/server.crt", folder + "/server.key")
            func refusal() -> String {
                let error = #expect(throws: StartRefusal.self) {
                    try HTTPSCertificates(certificateFile: certificate, keyFile: key)
                }
                return error?.description ?? ""
            }
            #expect(refusal().contains(certificate))
            try TestCertificate.first.write(to: folder)
            try Data(TestCertificate.second.key.utf8).write(to: URL(filePath: key))
            #expect(refusal().contains("is not that of"))
            try Data("no key".utf8).write(to: URL(filePath: key))
            #expect(refusal().contains(key))
            try Data("no certificate".utf8).write(to: URL(filePath: certificate))
            #expect(refusal().contains(certificate))

            var configuration = ServerConfiguration.onFreePorts(in: folder)
            configuration.plaintext = false
            configuration.https = true
            try configuration.dataFolder.create()
            try TestCertificate(certificate: "no certificate", key: "no key").write(to: configuration.dataFolder.tls)
            let start = await #expect(throws: StartRefusal.self) {
                try await withServer(on: configuration) { _ in }
            }
            #expect(start?.description.contains("server.crt") == true)
        }
    }

    @Test("Certificates are read anew for new connections; broken ones leave the present ones", .timeLimit(.minutes(1)))
    func reload() async throws {
        try await withTemporaryFolder { folder in
            try TestCertificate.first.write(to: folder)
            let certificates = try HTTPSCertificates(
                certificateFile: folder + "/server.crt", keyFile: folder + "/server.key")
            try await withListener(certificates) { port in
                func isTrusted(_ certificate: TestCertificate) async -> Bool {
                    await (try? withTrust(in: certificate) { try await $0.get("https://localhost:\(port)/").status })
                        == .ok
                }
                #expect(await isTrusted(.first))
                try await withTrust(in: .first) { open in
                    #expect(try await open.get("https://localhost:\(port)/").status == .ok)
                    try TestCertificate.second.write(to: folder)
                    #expect(await isTrusted(.first), "nothing changes before it is asked for")
                    try certificates.reload()
                    #expect(try await open.get("https://localhost:\(port)/").status == .ok, "open connections go on")
                }
                #expect(await isTrusted(.second))
                #expect(await !isTrusted(.first))
                try Data("broken".utf8).write(to: URL(filePath: folder + "/server.crt"))
                #expect(throws: StartRefusal.self) { try certificates.reload() }
                #expect(await isTrusted(.second))
            }
        }
    }

    /// A listener that answers `/`, on a free port.
    private func withListener(
        _ certificates: HTTPSCertificates, _ body: (Int) async throws -> Void
    ) async throws {
        let router = Router(context: APIContext.self)
        router.get("/") { _, _ in Response.text("here\n") }
        let (ports, stands) = AsyncStream.makeStream(of: Int.self)
        let readiness = Readiness { stands.yield($0.port) }
        readiness.stands(.controlSocket)
        let listener = HTTPListener(
            place: .tcp(ListenAddress(host: "127.0.0.1", port: 0), certificates), responder: router.buildResponder(),
            readiness: readiness, logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await body(port)
            group.cancelAll()
        }
    }
}

/// Runs `body` with a client that trusts this certificate alone.
private func withTrust<Result>(
    in certificate: TestCertificate, _ body: (HTTPClient) async throws -> Result
) async throws -> Result {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(certificate.certificate.utf8)))
    var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
    configuration.timeout.connect = .seconds(20)
    configuration.connectionPool.retryConnectionEstablishment = false
    let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    do {
        let result = try await body(client)
        try await client.shutdown()
        return result
    } catch {
        try? await client.shutdown()
        throw error
    }
}

extension HTTPClient {
    /// Reads the body too: the connection is then free for the next request.
    fileprivate func get(_ url: String) async throws -> HTTPClientResponse {
        let response = try await execute(HTTPClientRequest(url: url), timeout: .seconds(20))
        _ = try await response.body.collect(upTo: 1 << 20)
        return response
    }
}
