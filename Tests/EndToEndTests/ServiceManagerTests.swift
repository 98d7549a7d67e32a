import Foundation
import ProgramSupport
import Testing

@Suite("The service manager", .timeLimit(.minutes(2)))
struct ServiceManagerTests {
    @Test("It is told when the daemon serves, and when it stops")
    func notifications() async throws {
        try await TemporaryFolder.with { folder in
            let socket = try NotificationSocket(at: folder + "/notify")
            try await Daemon.with(environment: ["NOTIFY_SOCKET": folder + "/notify"]) { daemon in
                #expect(await poll { socket.next() == "READY=1" })
                #expect(socket.next() == nil)
                let answer = try await Program.run("/usr/bin/curl", ["-s", "-f", "\(daemon.http)/readyz"])
                #expect(answer.status == 0)
            }
            #expect(socket.next() == "STOPPING=1")
        }
    }

    @Test("Where nobody listens the daemon serves all the same")
    func nobody() async throws {
        try await Daemon.with(environment: ["NOTIFY_SOCKET": "@nobody-listens-here"]) { daemon in
            _ = try await FieldGateway.known("gw2", to: daemon)
        }
    }
}

/// What systemd holds ready for a service's notifications.
private final class NotificationSocket {
    private let descriptor: Int32

    init(at path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    /// The oldest that has come and was not asked for; nil: none.
    func next() -> String? {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
