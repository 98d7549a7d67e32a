import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import UpgradeServer

/// Somebody who listens to the event stream: keeps what comes, and knows whether the stream has ended.
final class StreamListener: Sendable {
    private struct State {
        var text = ""
        var hasEnded = false
    }

    private let state = Mutex(State())

    /// Everything that came so far.
    var text: String { state.withLock(\.text) }
    /// Whether nothing more will come.
    var hasEnded: Bool { state.withLock(\.hasEnded) }

    /// What came in the `event` fields so far, in order.
    var names: [String] { text.matches(of: /event: (\w+)\n/).map { String($0.1) } }

    /// Listens while `body` runs, from when the stream stands.
    static func with(
        _ server: Server.Endpoints, headers: [(String, String)] = [], _ body: (StreamListener) async throws -> Void
    ) async throws {
        var request = HTTPClientRequest(url: "http://\(server.http.authority)/api/v1/stream")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await plainClient.execute(request, timeout: .seconds(60))
        try #require(response.status == .ok)
        let listener = StreamListener()
        let reading = Task {
            defer { listener.state.withLock { $0.hasEnded = true } }
            for try await piece in response.body { listener.state.withLock { $0.text += String(buffer: piece) } }
        }
        defer { reading.cancel() }
        // The first thing that comes is a comment.
        try await eventually("the stream begins") { !listener.text.isEmpty }
        try await body(listener)
    }
}
