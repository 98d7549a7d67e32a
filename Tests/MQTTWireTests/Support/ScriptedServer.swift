import CPosix
import Foundation
import MQTTWire
import Synchronization

/// A server that a test plays by hand: it accepts one connection after the other and does what the script says with each.
final class ScriptedServer: Sendable {
    private let listener: LoopbackSocket
    let port: UInt16

    /// The script runs on a thread of its own, once for each connection, which is closed when it returns.
    init(_ script: @escaping @Sendable (LoopbackSocket) throws -> Void) throws {
        let listener = try LoopbackSocket.listening()
        self.listener = listener
        port = listener.localPort
        Thread.detachNewThread {
            while true {
                let accepted = cposix_accept4(listener.descriptor, nil, nil, 0)
                guard accepted >= 0 else { break }
                let socket = LoopbackSocket(adopting: accepted)
                // A script that fails has a client that went away; the test sees that from its side.
                try? script(socket)
                socket.close()
            }
            listener.close()
        }
    }

    deinit {
        listener.shutDown()
    }
}

extension LoopbackSocket {
    /// A socket that listens on a free port.
    static func listening() throws -> LoopbackSocket {
        let listener = LoopbackSocket(adopting: socket(AF_INET, cposix_sock_stream(), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        guard cposix_bind(listener.descriptor, &address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0,
            listen(listener.descriptor, 16) == 0
        else {
            let code = cposix_errno()
            listener.close()
            throw Failed(call: "bind", code: code)
        }
        return listener
    }

    var localPort: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = cposix_getsockname(descriptor, &address, &length)
        return UInt16(bigEndian: address.sin_port)
    }

    /// The next packet that a client sent; nil at the end.
    func receivePacket(_ version: ProtocolVersion = .v5_0) throws -> Packet? {
        let context = PacketContext(version: version, direction: .toServer)
        var bytes: [UInt8] = []
        while true {
            if let (packet, _) = try Packet.decode(bytes.span, in: context) { return packet }
            let byte = try receive(atMost: 1)
            guard !byte.isEmpty else { return nil }
            bytes += byte
        }
    }

    /// Sends a packet to a client.
    func send(_ packet: some ControlPacket, _ version: ProtocolVersion = .v5_0) throws {
        try send(packet.encoded(in: PacketContext(version: version, direction: .toClient)))
    }
}
