import MQTTWire

/// A client that speaks MQTT over WebSocket, its frames made and read by what RFC 6455 says and nothing of ours.
final class WebSocketPeer: Peer, @unchecked Sendable {
    struct Frame: Equatable {
        var opcode: UInt8
        var data: [UInt8]
    }

    /// How many bytes a frame to the broker carries.
    var frameSize = Int.max
    private var raw: [UInt8] = []

    /// A frame with all of the data, masked as a client has to.
    static func frame(_ opcode: UInt8, _ data: [UInt8], isMasked: Bool = true) -> [UInt8] {
        var bytes = [0x80 | opcode]
        let bit: UInt8 = isMasked ? 0x80 : 0
        switch data.count {
        case ...125: bytes.append(bit | UInt8(data.count))
        case ...0xFFFF: bytes += [bit | 126, UInt8(data.count >> 8), UInt8(data.count & 0xFF)]
        default: bytes += [bit | 127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: data.count >> (8 * $0)) }
        }
        guard isMasked else { return bytes + data }
        let mask: [UInt8] = [0xA1, 0xB2, 0xC3, 0xD4]
        return bytes + mask + data.enumerated().map { $0.element ^ mask[$0.offset % 4] }
    }

    /// Binary frames, each with as many bytes as ``frameSize`` says.
    func frames(of bytes: [UInt8]) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: min(frameSize, max(bytes.count, 1))).flatMap { start in
            Self.frame(0x2, Array(bytes[start...].prefix(frameSize)))
        }
    }

    override func wrapped(_ bytes: [UInt8]) -> [UInt8] { frames(of: bytes) }

    override func unwrapped(within limit: Duration) throws -> [UInt8]? {
        guard let frame = try nextFrame(within: limit) else { return nil }
        guard frame.opcode == 0x2 else { throw Trouble(description: "a frame of opcode \(frame.opcode)") }
        return frame.data
    }

    /// The next frame of the broker; nil when it closed the connection.
    func nextFrame(within limit: Duration = .seconds(10)) throws -> Frame? {
        while true {
            if let frame = takeFrame() { return frame }
            guard let bytes = try receive(within: limit) else { return nil }
            raw += bytes
        }
    }

    private func takeFrame() -> Frame? {
        guard raw.count >= 2 else { return nil }
        let extra = [126: 2, 127: 8][raw[1] & 0x7F] ?? 0
        guard raw.count >= 2 + extra else { return nil }
        let length = extra == 0 ? Int(raw[1] & 0x7F) : raw[2..<(2 + extra)].reduce(0) { $0 << 8 | Int($1) }
        let end = 2 + extra + length
        guard raw.count >= end else { return nil }
        defer { raw.removeFirst(end) }
        return Frame(opcode: raw[0] & 0x0F, data: Array(raw[(2 + extra)..<end]))
    }

    /// The head of the broker's answer.
    func head() throws -> String {
        while true {
            let text = String(decoding: raw, as: Unicode.ASCII.self)
            if let end = text.unicodeScalars.firstRange(of: "\r\n\r\n".unicodeScalars)?.upperBound {
                let head = text.unicodeScalars[..<end]
                raw.removeFirst(head.count)
                return String(head)
            }
            guard let bytes = try receive() else { throw Trouble(description: "no head of an answer") }
            raw += bytes
        }
    }

    /// All that the broker says until it closes the connection.
    func everything() throws -> String {
        while let bytes = try receive() { raw += bytes }
        return String(decoding: raw, as: UTF8.self)
    }

    /// The bytes of CONNECT.
    func connectPacket(_ clientID: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let connect = Connect(version: version, clientID: try ClientID(clientID), cleanStart: true, keepAlive: 0)
        try connect.encode(in: PacketContext(version: version, direction: .toServer), into: &bytes)
        return bytes
    }
}
