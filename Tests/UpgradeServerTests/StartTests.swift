import AsyncHTTPClient
import FoundationEssentials
import MQTTWire
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import UpgradeCore
import UpgradeServer

@Suite("Start and stop")
struct StartTests {
    @Test("The data folder and the control socket are their owner's alone")
    func rights() async throws {
        try await withServer { server in
            func mode(_ path: String) throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            }
            let (folder, socket) = (try mode(server.dataFolder), try mode(server.controlSocket))
            #expect(folder == 0o700)
            #expect(socket == 0o600)
        }
    }

    @Test("A second server on the same folder is refused, and the first goes on")
    func lock() async throws {
        try await withServer { server in
            var second = ServerConfiguration(dataFolder: DataFolder(path: server.dataFolder))
            second.plaintext = true
            second.http.port = 0
            second.mqttPort = 0
            let refusal = await #expect(throws: StartRefusal.self) { try await withServer(on: second) { _ in } }
            #expect(refusal?.description.contains("in use") == true)
            let answer = try await server.send("GET", "/healthz", over: .controlSocket)
            #expect(answer.status == 200)
        }
    }

    @Test("A port that is taken is named, and nothing is left behind", arguments: [true, false])
    func port(http: Bool) async throws {
        try await withServer { server in
            try await withTemporaryFolder { folder in
                var second = ServerConfiguration(dataFolder: DataFolder(path: folder + "/data"))
                second.plaintext = true
                second.http.port = http ? server.http.port : 0
                second.mqttPort = http ? 0 : server.mqtt.port
                let refusal = await #expect(throws: StartRefusal.self) { try await withServer(on: second) { _ in } }
                let text = try #require(refusal?.description)
                #expect(text.contains("port \(http ? server.http.port : server.mqtt.port)"))
                #expect(text.contains(http ? "--http-port" : "--mqtt-port"))
                #expect(!FileManager.default.fileExists(atPath: folder + "/data"))
            }
        }
    }

    @Test("Places that no listener can have are refused before anything is made")
    func impossiblePlaces() async throws {
        try await withTemporaryFolder { folder in
            var samePort = ServerConfiguration(dataFolder: DataFolder(path: folder + "/data"))
            samePort.http.port = samePort.mqttsPort
            var longPath = ServerConfiguration(
                dataFolder: DataFolder(path: folder + "/" + String(repeating: "x", count: 100)))
            longPath.http.port = 0
            longPath.mqttsPort = 0
            var sameMQTTPort = ServerConfiguration(dataFolder: DataFolder(path: folder + "/data"))
            sameMQTTPort.http.port = 0
            sameMQTTPort.webSocketPort = sameMQTTPort.mqttsPort
            for (configuration, flag) in [
                (samePort, "--http-port"), (longPath, "--data"), (sameMQTTPort, "--websocket-port"),
            ] {
                let refusal = await #expect(throws: StartRefusal.self) {
                    try await withServer(on: configuration) { _ in }
                }
                #expect(refusal?.description.contains(flag) == true)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(left.isEmpty)
        }
    }

    @Test("What is unsafe is refused before anything is made")
    func unsafe() async throws {
        try await withTemporaryFolder { folder in
            var configuration = ServerConfiguration(dataFolder: DataFolder(path: folder + "/data"))
            configuration.http = ListenAddress(host: "0.0.0.0", port: 0)
            await #expect(throws: StartRefusal.self) { try await withServer(on: configuration) { _ in } }
            #expect(!FileManager.default.fileExists(atPath: folder + "/data"))
        }
    }

    @Test("What was acknowledged is there after a restart")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            var configuration = ServerConfiguration(dataFolder: DataFolder(path: folder + "/data"))
            configuration.plaintext = true
            configuration.http.port = 0
            configuration.mqttPort = 0
            try await withServer(on: configuration) { server in
                try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
                #expect(try await server.send("POST", "/api/v1/gateways/gw2/disable").status == 200)
            }
            try await withServer(on: configuration) { server in
                let gateway = try await server.send("GET", "/api/v1/gateways/gw2")
                #expect(try gateway.member("enabled") == "false")
                #expect(try gateway.member("online") == "false")
            }
        }
    }

    @Test("The stream tells what changes, and does not keep the server from stopping", .timeLimit(.minutes(5)))
    func stream() async throws {
        let heard = Transcript()
        let listening = try await withServer { server in
            let request = HTTPClientRequest(url: "http://\(server.http.authority)/api/v1/stream")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
            #expect(response.headers.first(name: "content-type") == "text/event-stream")
            let listening = Task {
                for try await buffer in response.body { heard.text.withLock { $0 += String(buffer: buffer) } }
            }
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
            try await eventually("the stream tells of the gateway") {
                let text = heard.text.withLock { $0 }
                return text.contains("event: gateway\ndata: {") && text.contains("\"kind\":\"gatewayCreated\"")
            }
            #expect(heard.text.withLock { $0.contains("\nid: ") })
            return listening
        }
        // The server is gone, and with it the connection: whether by an orderly end or a cut is the shutdown's choice.
        _ = await listening.result
    }

    @Test("The stream tells how far an executable is, until the gateway acknowledges it", .timeLimit(.minutes(5)))
    func progress() async throws {
        let heard = Transcript()
        let listening = try await withServer { server in
            let executable = [UInt8](repeating: 7, count: 100_000)
            #expect(try await server.send("PUT", "/api/v1/releases/1.2", bytes: executable).status == 201)
            let request = HTTPClientRequest(url: "http://\(server.http.authority)/api/v1/stream")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
            let listening = Task {
                for try await buffer in response.body { heard.text.withLock { $0 += String(buffer: buffer) } }
            }
            var configuration = MQTTClient.Configuration(
                host: server.mqtt.host, port: UInt16(server.mqtt.port), clientID: try ClientID("gw2"))
            (configuration.userName, configuration.password) = ("user", Array("password".utf8))
            configuration.acknowledgement = .manual
            configuration.reconnect = .never
            try await MQTTClient.withConnection(configuration) { client in
                _ = try await client.subscribe(to: try TopicFilter("TOGATEWAY/UPGRADE/gw2"))
                try await client.reportStatus("gw2")
                let order = #"{"version":1.2,"target":{"gateways":["gw2"]}}"#
                #expect(try await server.send("POST", "/api/v1/deployments", json: order).status == 201)
                let bytes = #""bytesSent":100000,"bytesTotal":100000"#
                try await eventually("the stream tells that all of it is there") {
                    heard.text.withLock { $0.contains("event: progress\ndata: {\(bytes)") }
                }
                let upgrades = try await server.send("GET", "/api/v1/deployments/1/gateways")
                #expect(upgrades.body.contains(bytes) && upgrades.body.contains(#""state":"pending""#))
                let gateway = try await server.send("GET", "/api/v1/gateways/gw2")
                #expect(try gateway.member("reason")?.hasPrefix("1.2 is being sent since ") == true)

                let messages = client.messages.makeAsyncIterator()
                await messages.next()?.acknowledge()
                try await eventually("nothing is on its way any more") {
                    try await !server.send("GET", "/api/v1/deployments/1/gateways").body.contains("bytesSent")
                }
            }
            return listening
        }
        _ = await listening.result
    }

    @Test("A listener that reconnects is told what it missed", .timeLimit(.minutes(5)))
    func reconnect() async throws {
        try await withServer { server in
            try await withClient("gw2", of: server) { try await $0.reportStatus("gw2") }
            var request = HTTPClientRequest(url: "http://\(server.http.authority)/api/v1/stream")
            request.headers.add(name: "Last-Event-ID", value: "1")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
            var text = ""
            for try await buffer in response.body {
                text += String(buffer: buffer)
                if text.contains("\"kind\":\"gatewayCreated\"") { break }
            }
            #expect(!text.contains("\nid: 1\n"))
        }
    }
}

/// What came on a stream so far.
private final class Transcript: Sendable {
    let text = Mutex("")
}
