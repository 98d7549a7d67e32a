import Foundation
import ProgramSupport
import Testing

/// `--websocket-port`, asked by curl as a browser would.
@Suite(.serialized) struct WebSocketTests {
    @Test(arguments: [Daemon.Mode.plain, .tls])
    func aListenerForBrowsersStandsBesideTheOther(_ mode: Daemon.Mode) async throws {
        try await Daemon.with(["--websocket-port", "0", "--http-name", "pages.example"], mode: mode) { daemon in
            let scheme = mode == .plain ? "ws" : "wss"
            let place = try #require(
                daemon.readyLine.split(separator: " ").first { $0.hasPrefix("websocket=\(scheme)://127.0.0.1:") })
            let address = "http" + place.dropFirst("websocket=ws".count)
            #expect(try await upgrade(address, daemon, origin: nil).hasPrefix("HTTP/1.1 101 "))
            #expect(try await upgrade(address, daemon, origin: "https://pages.example").hasPrefix("HTTP/1.1 101 "))
            #expect(try await upgrade(address, daemon, origin: daemon.http).hasPrefix("HTTP/1.1 101 "))
            #expect(try await upgrade(address, daemon, origin: "https://evil.example").hasPrefix("HTTP/1.1 403 "))
            let page = try await Program.run("/usr/bin/curl", ["-si", "--cacert", daemon.authority, "\(address)/"])
            #expect(page.output.hasPrefix("HTTP/1.1 426 "))
        }
    }

    /// The first line of the answer to somebody who asks for MQTT over WebSocket.
    private func upgrade(_ address: String, _ daemon: Daemon, origin: String?) async throws -> String {
        let fields =
            [
                "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: mqtt",
            ] + (origin.map { ["Origin: \($0)"] } ?? [])
        let curl = try Program(
            "/usr/bin/curl",
            ["-siN", "--http1.1", "--cacert", daemon.authority] + fields.flatMap { ["-H", $0] } + ["\(address)/mqtt"])
        let answer = await curl.nextLine()
        // It would wait for more until CONNECT is overdue.
        curl.terminate()
        return answer ?? ""
    }
}
