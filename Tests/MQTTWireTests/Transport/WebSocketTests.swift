import Testing

@testable import MQTTWire

@Suite("WebSocket upgrade")
struct WebSocketUpgradeTests {
    private static let policy = WebSocketPolicy(originHosts: ["umd.example", "::1"])

    private static let fields = [
        "Host: 127.0.0.1:8080", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: mqtt",
    ]

    private func answer(_ fields: [String], to line: String = "GET /mqtt HTTP/1.1") throws -> String {
        let text = ([line] + fields + ["", ""]).joined(separator: "\r\n")
        return String(decoding: try WebSocketUpgrade.answer(to: Array(text.utf8), under: Self.policy), as: UTF8.self)
    }

    @Test("The example of RFC 6455 is answered as there, for mqtt")
    func example() throws {
        let answer = try answer(Self.fields)
        #expect(answer.hasPrefix("HTTP/1.1 101 "))
        #expect(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(answer.contains("\r\nSec-WebSocket-Protocol: mqtt\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test(
        "Names of fields, lists and letters' case are read as HTTP has them",
        arguments: [
            ["HOST: a", "upgrade: WebSocket", "connection: keep-alive, Upgrade"],
            ["Host: a", "Upgrade: other, websocket", "Connection: keep-alive", "Connection:upgrade"],
        ])
    func spelling(fields: [String]) throws {
        let protocols = ["Sec-WebSocket-Protocol: mqttv3.1 , \tmqtt"]
        #expect(throws: Never.self) { try answer(fields + Self.fields[3...4] + protocols) }
    }

    @Test(
        "Pages of named hosts may connect, and whoever is no browser",
        arguments: [
            ("http://umd.example", true), ("https://UMD.example:5001", true), ("http://[::1]:5001", true),
            ("http://evil.example", false), ("http://umd.example.evil.example", false), ("null", false), ("", false),
            ("umd.example", false), ("http://evil.example/://umd.example", false),
        ])
    func origins(origin: String, isWelcome: Bool) throws {
        if isWelcome {
            _ = try answer(Self.fields + ["Origin: \(origin)"])
        } else {
            let error = #expect(throws: WebSocketError.self) { try answer(Self.fields + ["Origin: \(origin)"]) }
            #expect(error?.status == 403)
        }
    }

    @Test(
        "What is no upgrade to MQTT is refused with the status that says why",
        arguments: [
            ("POST / HTTP/1.1", nil, 405), ("GET / HTTP/1.0", nil, 400), ("GET http://a/ HTTP/1.1", nil, 400),
            ("GET /a b HTTP/1.1", nil, 400), (nil, "Upgrade: h2c", 426), (nil, "Connection: close", 426),
            (nil, "Sec-WebSocket-Version: 8", 426), (nil, "Sec-WebSocket-Key: c2hvcnQ=", 400),
            (nil, "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==", 400), (nil, "Sec-WebSocket-Protocol: MQTT", 400),
            (nil, "Host:", 400), (nil, "Sec-WebSocket-Protocol: mqttv3.1", 400), (nil, "No colon", 400),
            (nil, ": no name", 400), (nil, "Na me: value", 400), (nil, "A: \u{0}", 400), (nil, " Folded: yes", 400),
        ] as [(String?, String?, Int)])
    func refusals(line: String?, field: String?, status: Int) {
        var fields = Self.fields
        if let field {
            let name = field.prefix { $0 != ":" }.lowercased()
            fields.removeAll { $0.lowercased().hasPrefix(name + ":") }
            fields.append(field)
        }
        let error = #expect(throws: WebSocketError.self) { try answer(fields, to: line ?? "GET / HTTP/1.1") }
        #expect(error?.status == status)
    }

    @Test("A field that may be there once is refused when it comes twice", arguments: [0, 3, 4])
    func repeated(index: Int) {
        #expect(throws: WebSocketError.self) { try answer(Self.fields + [Self.fields[index]]) }
    }

    @Test("The end of the request is found wherever its pieces are cut")
    func length() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\nrest".utf8)
        let end = bytes.count - 4
        for cut in 0..<bytes.count {
            let found = WebSocketUpgrade.length(of: Array(bytes[..<cut]))
            #expect(found == (cut >= end ? end : nil))
            if found == nil { #expect(WebSocketUpgrade.length(of: bytes, searched: cut) == end) }
        }
    }
}

extension WebSocketError {
    var status: Int? {
        if case .refused(let status, _) = self { status } else { nil }
    }
}

@Suite("WebSocket frames")
struct WebSocketFrameTests {
    /// A frame as a client makes it.
    private static func frame(
        _ opcode: WebSocketFrameHeader.Opcode, _ data: [UInt8], isFinal: Bool = true, mask: UInt32? = 0x1234_5678
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        WebSocketFrameHeader(isFinal: isFinal, opcode: opcode, length: data.count, mask: mask).encode(into: &bytes)
        for (index, byte) in data.enumerated() {
            bytes.append(byte ^ UInt8(truncatingIfNeeded: (mask ?? 0) >> (8 * (index % 4))))
        }
        return bytes
    }

    /// What comes out of bytes that are read in pieces of a size.
    private static func unframed(
        _ bytes: [UInt8], by size: Int = .max
    ) -> (data: [UInt8], controls: [WebSocketUnframer.Control], unframer: WebSocketUnframer) {
        var unframer = WebSocketUnframer()
        var data: [UInt8] = []
        var controls: [WebSocketUnframer.Control] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            var piece = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            let count = piece.withUnsafeMutableBytes { unframer.unframe($0) }
            data += piece[..<count]
            controls += unframer.takeControls()
        }
        return (data, controls, unframer)
    }

    @Test("The masked example of RFC 6455")
    func example() {
        let bytes: [UInt8] = [0x82, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(Self.unframed(bytes).data == Array("Hello".utf8))
    }

    @Test(
        "Lengths on both sides of where they grow",
        arguments: [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 200_000])
    func lengths(count: Int) {
        let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        #expect(Self.unframed(Self.frame(.binary, data)).data == data)
        #expect(Self.unframed(Self.frame(.binary, data), by: 1000).data == data)
    }

    @Test("Frames are read whole, joined and in pieces of any size, with control frames between their pieces")
    func pieces() {
        let bytes =
            Self.frame(.binary, Array(0..<100), isFinal: false) + Self.frame(.ping, Array("ping".utf8))
            + Self.frame(.continuation, [], isFinal: false) + Self.frame(.pong, [1])
            + Self.frame(.continuation, Array(100..<130), mask: 0) + Self.frame(.binary, Array(130..<255))
            + Self.frame(.close, [3, 0xE8]) + Self.frame(.binary, [9])
        for size in [1, 2, 3, 5, 8, 13, 64, bytes.count] {
            let result = Self.unframed(bytes, by: size)
            #expect(result.data == Array(0..<255))
            #expect(result.controls == [.ping(Array("ping".utf8)), .close([3, 0xE8])])
            #expect(result.unframer.isClosed)
            #expect(result.unframer.violation == nil)
        }
    }

    @Test(
        "What breaks the rules is refused, and the data before it stays",
        arguments: [
            frame(.text, [65]), frame(.binary, [1], mask: nil), frame(.continuation, [1]),
            frame(.binary, [1], isFinal: false) + frame(.binary, [2]), frame(.ping, [], isFinal: false),
            frame(.ping, Array(repeating: 0, count: 126)), frame(.close, [3]), [0xC2, 0x80, 0, 0, 0, 0],
            [0x83, 0x80, 0, 0, 0, 0], [0x82, 0xFE, 0, 125, 0, 0, 0, 0],
            [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0],
            [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ])
    func violations(bytes: [UInt8]) {
        let result = Self.unframed(Self.frame(.binary, [42]) + bytes, by: 3)
        #expect(result.unframer.violation != nil)
        #expect(result.data.first == 42)
    }

    @Test("Whatever bytes come, nothing traps and data never grow")
    func noise() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 1...64)).map { index in
                index == 0
                    ? [0x82, 0x02, 0x89, 0x88, UInt8.random(in: 0...255)].randomElement(using: &generator) ?? 0
                    : UInt8.random(in: 0...255)
            }
            #expect(Self.unframed(bytes, by: Int.random(in: 1...16)).data.count < bytes.count)
        }
    }
}
