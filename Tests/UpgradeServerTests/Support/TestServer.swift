import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import UpgradeCore
import UpgradeServer

/// A folder of its own for one test, removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    // Short: a socket's path has about a hundred bytes.
    let path = "/tmp/um-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Runs a server on free ports and a folder of its own while `body` runs.
@discardableResult
func withServer<Result: Sendable>(
    configuredBy configure: (inout ServerConfiguration) -> Void = { _ in },
    logger: Logger = Logger(label: "umd"), _ body: (Server.Endpoints) async throws -> Result
) async throws -> Result {
    try await withTemporaryFolder { folder in
        var configuration = ServerConfiguration(dataFolder: DataFolder(path: folder + "/data"))
        configuration.plaintext = true
        configuration.http.port = 0
        configuration.mqttPort = 0
        configuration.mqttsPort = 0
        configure(&configuration)
        return try await withServer(on: configuration, logger: logger, body)
    }
}

/// Runs a server of this configuration while `body` runs; throws what the server dies of before it is ready.
@discardableResult
func withServer<Result: Sendable>(
    on configuration: ServerConfiguration, logger: Logger = Logger(label: "umd"),
    _ body: (Server.Endpoints) async throws -> Result
) async throws -> Result {
    let (ready, readiness) = AsyncThrowingStream.makeStream(of: Server.Endpoints.self)
    let server = Server(configuration: configuration, logger: logger) { readiness.yield($0) }
    let running = Task {
        do {
            try await server.run()
            readiness.finish()
        } catch {
            readiness.finish(throwing: error)
        }
    }
    do {
        var endpoints = ready.makeAsyncIterator()
        let result = try await body(try #require(try await endpoints.next()))
        running.cancel()
        await running.value
        return result
    } catch {
        running.cancel()
        await running.value
        throw error
    }
}

/// What a request was answered with.
struct Answer {
    var status: UInt
    var headers: [String: String]
    var body: String

    /// The body as a JSON object's members, in text form; nested values are left out.
    func member(_ name: String) throws -> String? {
        let object = try JSONDecoder().decode([String: Loose].self, from: Data(body.utf8))
        return object[name]?.text
    }

    private struct Loose: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let string = try? container.decode(String.self) {
                text = string
            } else if let bool = try? container.decode(Bool.self) {
                text = String(bool)
            } else if let number = try? container.decode(Decimal.self) {
                text = number.description
            } else {
                text = nil
            }
        }
    }
}

/// The two ways in.
enum Entrance: CaseIterable {
    case tcp
    case controlSocket
}

extension Server.Endpoints {
    /// Sends one request to the server.
    func send(
        _ method: String = "GET", _ path: String, json: String? = nil, bytes: [UInt8]? = nil,
        headers: [(String, String)] = [], over entrance: Entrance = .tcp
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base(entrance) + path)
        request.method = .init(rawValue: method)
        if let json {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: json))
        }
        if let bytes { request.body = .bytes(ByteBuffer(bytes: bytes)) }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        let response = try await plainClient.execute(request, timeout: .seconds(20))
        let body = try await response.body.collect(upTo: 16 << 20)
        return Answer(
            status: response.status.code,
            headers: Dictionary(
                response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }),
            body: String(buffer: body))
    }

    private func base(_ entrance: Entrance) -> String {
        switch entrance {
        case .tcp: "http://\(http.authority)"
        case .controlSocket: "http+unix://" + controlSocket.split(separator: "/").map { "%2F" + $0 }.joined()
        }
    }
}

/// Looks until `condition` holds; fails the test when it does not within ten seconds.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record(what, sourceLocation: sourceLocation)
}
