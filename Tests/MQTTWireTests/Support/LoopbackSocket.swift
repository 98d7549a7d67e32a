import CPosix
import Foundation

/// A blocking TCP socket: the peer that a test plays by hand.
struct LoopbackSocket: Sendable {
    struct Failed: Error {
        let call: String
        let code: Int32
    }

    let descriptor: Int32

    init(connectedTo port: UInt16) throws {
        descriptor = socket(AF_INET, cposix_sock_stream(), 0)
        guard descriptor >= 0 else { throw Failed(call: "socket", code: cposix_errno()) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        guard cposix_connect(descriptor, &address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 else {
            let code = cposix_errno()
            close()
            throw Failed(call: "connect", code: code)
        }
    }

    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Sends all bytes.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                CPosix.send(descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failed(call: "send", code: cposix_errno()) }
            sent += count
        }
    }

    /// Receives what is there, waiting for at least one byte; empty at the end.
    func receive(atMost limit: Int = 65_536) throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = recv(descriptor, &buffer, limit, 0)
        guard count >= 0 else { throw Failed(call: "recv", code: cposix_errno()) }
        return Array(buffer[..<count])
    }

    /// Receives exactly so many bytes, or fewer at the end.
    func receive(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try receive(atMost: min(count - bytes.count, 1 << 20))
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }

    /// Ends the sending side; the peer's answers can still be read.
    func shutDownSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Wakes whoever waits on the socket; both directions are over.
    func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Has the kernel hold no more than some hundred KiB that nobody reads; by itself it may come to hold megabytes.
    func limitBuffers() {
        var size: Int32 = 128 * 1024
        for option in [SO_RCVBUF, SO_SNDBUF] {
            setsockopt(descriptor, SOL_SOCKET, option, &size, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    func close() {
        _ = CPosix.close(descriptor)
    }
}
