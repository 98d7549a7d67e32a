import Glibc
import Testing
import UpgradeServer

/// Runs `body` while a gateway of company 2 is connected that reports 0.5, subscribes to UPGRADE, and then reads nothing.
func withSlowReader(_ id: String, of server: Server.Endpoints, _ body: () async throws -> Void) async throws {
    let reader = try SlowReader(port: UInt16(server.mqtt.port))
    defer { reader.close() }
    let status = statusFrame()
    // MQTT 3.1.1: CONNECT with user name and password, PUBLISH at QoS 0, SUBSCRIBE at QoS 1.
    reader.send(
        packet(0x10, text("MQTT") + [4, 0b1100_0010, 0, 60] + text(id) + text("user") + text("password"))
            + packet(0x30, text("TOCLOUD/STATUS/\(id)") + status)
            + packet(0x82, [0, 1] + text("TOGATEWAY/UPGRADE/\(id)") + [1]))
    try await body()
}

private func text(_ text: String) -> [UInt8] {
    [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xFF)] + text.utf8
}

/// Of at most 16,383 bytes.
private func packet(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    let length = body.count < 128 ? [UInt8(body.count)] : [UInt8(body.count & 0x7F | 0x80), UInt8(body.count >> 7)]
    return [type] + length + body
}

/// A TCP connection whose receive buffer is as small as the system lets it be.
private struct SlowReader {
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var size = Int32(4096)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
    }

    func close() { Glibc.close(descriptor) }

    func send(_ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}
