import MQTTBroker
import MQTTWire
import Testing

@Suite("MQTT over WebSocket")
struct WebSocketTests {
    private static func request(_ fields: String...) -> [UInt8] {
        let all =
            [
                "GET /mqtt HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Protocol: mqtt",
            ] + fields + ["", ""]
        return Array(all.joined(separator: "\r\n").utf8)
    }

    @Test("A client comes in, and hears a plain one and itself", arguments: ProtocolVersion.allCases)
    func exchange(version: ProtocolVersion) async throws {
        try await withWebSocketBroker { _, plain, port in
            let browser = try WebSocketPeer(port: port, version: version)
            #expect(try browser.upgrade().hasPrefix("HTTP/1.1 101 "))
            try browser.connect("browser")
            try browser.subscribe("news")
            let other = try Peer(port: plain)
            try other.connect("other")
            try other.publishAcknowledged("news", "hello")
            #expect(try browser.nextPublish().payload == Array("hello".utf8))
            let payload = [UInt8](repeating: 7, count: 300_000)
            try browser.publish("news", bytes: payload)
            #expect(try browser.nextPublish().payload == payload)
        }
    }

    @Test("Packets may be cut anywhere into frames, and share them [MQTT-6.0.0-2]")
    func cuts() async throws {
        try await withWebSocketBroker { _, _, port in
            for size in [1, 2, 7, 1000] {
                let browser = try WebSocketPeer(port: port)
                browser.frameSize = size
                // CONNECT right behind the request, before its answer.
                try browser.send(bytes: Self.request() + browser.frames(of: try browser.connectPacket("browser")))
                #expect(try browser.head().hasPrefix("HTTP/1.1 101 "))
                guard case .connack(let connack) = try browser.next() else {
                    Issue.record("no CONNACK")
                    return
                }
                #expect(connack.reasonCode == .success)
                try browser.subscribe("a", "b")
                try browser.publish("a", "1")
                #expect(try browser.nextPublish().payload == Array("1".utf8))
            }
        }
    }

    @Test("A ping is answered with its data, a Close frame with one of the same code, and the connection then ends")
    func controls() async throws {
        try await withWebSocketBroker { _, _, port in
            let browser = try WebSocketPeer(port: port)
            _ = try browser.upgrade()
            try browser.connect("browser")
            try browser.send(bytes: WebSocketPeer.frame(0x9, Array("are you there".utf8)))
            #expect(try browser.nextFrame() == .init(opcode: 0xA, data: Array("are you there".utf8)))
            try browser.send(bytes: WebSocketPeer.frame(0x8, [3, 0xE9]))
            #expect(try browser.nextFrame() == .init(opcode: 0x8, data: [3, 0xE9]))
            #expect(try browser.nextFrame() == nil)
        }
    }

    @Test("After DISCONNECT the broker closes, with a Close frame")
    func goodbye() async throws {
        try await withWebSocketBroker { broker, _, port in
            let browser = try WebSocketPeer(port: port, version: .v5_0)
            _ = try browser.upgrade()
            try browser.connect("browser")
            await broker.stop()
            guard case .disconnect = try browser.next() else {
                Issue.record("no DISCONNECT")
                return
            }
            #expect(try browser.nextFrame() == .init(opcode: 0x8, data: [3, 0xE8]))
        }
    }

    @Test(
        "Frames that break the rules end the connection with the code that says why, and the will is published",
        arguments: [
            (WebSocketPeer.frame(0x1, [65]), 1003), (WebSocketPeer.frame(0x2, [65], isMasked: false), 1002),
            (WebSocketPeer.frame(0x3, []), 1002), (WebSocketPeer.frame(0x0, [1]), 1002),
        ] as [([UInt8], UInt16)])
    func violations(bytes: [UInt8], code: UInt16) async throws {
        try await withWebSocketBroker { broker, plain, port in
            let heir = try Peer(port: plain)
            try heir.connect("heir")
            try heir.subscribe("wills")
            let browser = try WebSocketPeer(port: port)
            _ = try browser.upgrade()
            try browser.connect("browser", will: Will(topic: try TopicName("wills"), payload: []))
            try browser.send(bytes: bytes)
            #expect(try browser.nextFrame() == .init(opcode: 0x8, data: [UInt8(code >> 8), UInt8(code & 0xFF)]))
            #expect(try heir.nextPublish().topicText == "wills")
            #expect(broker.snapshot.protocolErrors == 1)
        }
    }

    @Test(
        "What is no request for MQTT over WebSocket gets an answer of HTTP and nothing else",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426"), ("\u{10}\u{0}\u{0}\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: 20_000), "431"),
        ])
    func refusals(request: String, status: String) async throws {
        try await withWebSocketBroker { broker, _, port in
            let browser = try WebSocketPeer(port: port)
            try browser.send(bytes: Array(request.utf8))
            #expect(try browser.everything().hasPrefix("HTTP/1.1 \(status) "))
            try eventually("the refusal is counted") { broker.snapshot.webSocketFailures == 1 }
        }
    }

    @Test("A page of another host is refused, one of this machine is not")
    func origins() async throws {
        try await withWebSocketBroker { _, _, port in
            let stranger = try WebSocketPeer(port: port)
            try stranger.send(bytes: Self.request("Origin: https://evil.example"))
            #expect(try stranger.everything().hasPrefix("HTTP/1.1 403 "))
            let page = try WebSocketPeer(port: port)
            try page.send(bytes: Self.request("Origin: http://localhost:5001"))
            #expect(try page.head().hasPrefix("HTTP/1.1 101 "))
        }
    }

    @Test("Frames without data, and no end of them, end the connection")
    func emptyFrames() async throws {
        try await withWebSocketBroker { _, _, port in
            let browser = try WebSocketPeer(port: port)
            _ = try browser.upgrade()
            try browser.connect("browser")
            let flood = Array(repeatElement(WebSocketPeer.frame(0xA, []), count: 20_000).joined())
            try? browser.send(bytes: flood)
            #expect(try browser.nextFrame() == .init(opcode: 0x8, data: [3, 0xF0]))
        }
    }

    @Test("A large payload reaches one that reads slowly, whole")
    func slowReader() async throws {
        try await withWebSocketBroker { _, plain, port in
            let browser = try WebSocketPeer(port: port)
            _ = try browser.upgrade()
            try browser.connect("browser")
            try browser.subscribe("large")
            let publisher = try Peer(port: plain)
            try publisher.connect("publisher")
            let payload = (0..<(8 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            try publisher.publish("large", bytes: payload, qos: .atLeastOnce)
            _ = try publisher.nextPuback()
            pause(milliseconds: 200)
            #expect(try browser.nextPublish().payload == payload)
        }
    }

    private func withWebSocketBroker(
        _ body: (Broker, _ plain: UInt16, _ webSocket: UInt16) async throws -> Void
    ) async throws {
        try await withBroker(listeners: [.init(port: 0), .init(port: 0, webSocket: WebSocketPolicy())]) {
            broker, ports in
            try #require(ports.count == 2)
            try await body(broker, ports[0], ports[1])
        }
    }
}

extension WebSocketPeer {
    /// Asks for the upgrade; returns the answer up to the empty line.
    func upgrade() throws -> String {
        let request = [
            "GET /mqtt HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: mqtt", "", "",
        ]
        try send(bytes: Array(request.joined(separator: "\r\n").utf8))
        return try head()
    }
}
