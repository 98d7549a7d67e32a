import COpenSSL

/// The request that turns an HTTP connection into a WebSocket one for MQTT, and its answers (RFC 6455, 4.2; MQTT 5.0, 6).
enum WebSocketUpgrade {
    /// The name that clients have to offer [MQTT-6.0.0-3] and get [MQTT-6.0.0-4].
    static let subprotocol = "mqtt"
    private static let identifier = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    /// How many bytes the request has, the empty line at its end included; nil while it is not all there. The first `searched` bytes are known not to
    /// have that line among them.
    static func length(of bytes: [UInt8], searched: Int = 0) -> Int? {
        let end: [UInt8] = [13, 10, 13, 10]
        var start = max(0, searched - end.count + 1)
        while start + end.count <= bytes.count {
            if bytes[start] == end[0], bytes[start...].starts(with: end) { return start + end.count }
            start += 1
        }
        return nil
    }

    /// The answer to a request that is as it must be.
    ///
    /// - Parameters:
    ///   - request: All of it, up to the empty line.
    ///   - policy: Whose pages may connect.
    /// - Returns: The bytes of the answer, after which frames follow.
    /// - Throws: ``WebSocketError/refused(status:reason:)``.
    static func answer(to request: some Collection<UInt8>, under policy: WebSocketPolicy) throws(WebSocketError)
        -> [UInt8]
    {
        let request = try Request(request)
        guard request.method == "GET" else { throw .refused(status: 405, reason: "the method is GET") }
        guard request.list("upgrade").contains("websocket"), request.list("connection").contains("upgrade") else {
            throw .refused(status: 426, reason: "this port speaks MQTT over WebSocket alone")
        }
        guard try request.single("sec-websocket-version") == "13" else {
            throw .refused(status: 426, reason: "the version of WebSocket is 13")
        }
        guard let key = try request.single("sec-websocket-key"), isKey(key) else {
            throw .refused(status: 400, reason: "Sec-WebSocket-Key is 16 bytes in Base64")
        }
        guard try request.single("host")?.isEmpty == false else {
            throw .refused(status: 400, reason: "Host is missing")
        }
        if let origin = try request.single("origin"), !policy.admits(origin: origin) {
            throw .refused(status: 403, reason: "pages of this origin may not connect")
        }
        // Names of subprotocols are compared as they are.
        guard request.values("sec-websocket-protocol").contains(subprotocol) else {
            throw .refused(status: 400, reason: "Sec-WebSocket-Protocol has to offer \(subprotocol)")
        }
        return Array(
            """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept: \(acceptance(of: key))\r
            Sec-WebSocket-Protocol: \(subprotocol)\r
            \r\n
            """.utf8)
    }

    /// The answer to a request that is refused, after which the connection is closed.
    static func refusal(status: Int, reason: String) -> [UInt8] {
        let phrases = [
            400: "Bad Request", 403: "Forbidden", 405: "Method Not Allowed", 426: "Upgrade Required",
            431: "Request Header Fields Too Large",
        ]
        let headers =
            switch status {
            case 405: "Allow: GET\r\n"
            case 426: "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            default: ""
            }
        let body = reason + "\n"
        return Array(
            """
            HTTP/1.1 \(status) \(phrases[status] ?? "Bad Request")\r
            \(headers)Connection: close\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: \(body.utf8.count)\r
            \r
            \(body)
            """.utf8)
    }

    /// What proves to the client that its request was understood.
    private static func acceptance(of key: String) -> String {
        let text = Array((key + identifier).utf8)
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        EVP_Digest(text, text.count, &digest, &length, EVP_sha1(), nil)
        // Four characters for each three bytes, and the zero that C ends a text with.
        var encoded = [UInt8](repeating: 0, count: (Int(length) + 2) / 3 * 4 + 1)
        let count = EVP_EncodeBlock(&encoded, digest, Int32(length))
        return String(decoding: encoded.prefix(Int(count)), as: UTF8.self)
    }

    private static func isKey(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes.suffix(2).elementsEqual("==".utf8), bytes[21] != UInt8(ascii: "=") else {
            return false
        }
        var decoded = [UInt8](repeating: 0, count: 18)
        return EVP_DecodeBlock(&decoded, bytes, Int32(bytes.count)) == 18
    }
}

/// The head of an HTTP/1.1 request.
private struct Request {
    let method: String
    private var fields: [String: [String]] = [:]

    init(_ bytes: some Collection<UInt8>) throws(WebSocketError) {
        func malformed(_ reason: String) -> WebSocketError { .refused(status: 400, reason: reason) }
        // What lies outside ASCII means nothing in any field that is read here, but must not hide a control character.
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 13 || $0 == 10 || $0 == 9 }) else {
            throw malformed("control characters are not allowed in a request")
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[1].hasPrefix("/"), words[2] == "HTTP/1.1" else {
            throw malformed("the request line is GET /PATH HTTP/1.1")
        }
        method = String(words[0])
        for line in lines.dropFirst() where !line.isEmpty {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].utf8.allSatisfy(Self.isToken)
            else { throw malformed("a header field is NAME: VALUE") }
            let value = Self.trimmed(line[line.index(after: colon)...])
            fields[line[..<colon].lowercased(), default: []].append(value)
        }
    }

    /// The value of a field that may be there once.
    func single(_ name: String) throws(WebSocketError) -> String? {
        let values = fields[name, default: []]
        guard values.count <= 1 else { throw .refused(status: 400, reason: "\(name) is there more than once") }
        return values.first
    }

    /// The elements of a field that is a list.
    func values(_ name: String) -> [String] {
        fields[name, default: []].flatMap { $0.split(separator: ",").map { Self.trimmed($0) } }
    }

    /// The same, where upper and lower case are one.
    func list(_ name: String) -> [String] { values(name).map { $0.lowercased() } }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let end = text.lastIndex { !isSpace($0) }.map { text.index(after: $0) } ?? text.startIndex
        return String(text[..<end].drop(while: isSpace))
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
