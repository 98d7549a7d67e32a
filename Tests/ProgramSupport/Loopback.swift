import Glibc

/// TCP between sockets of this machine. Who gets a descriptor closes it.
package enum Loopback {
    /// Nil if nobody listens there. One that does not wait is non-blocking, and may be connected only later.
    package static func connect(to port: UInt16, waits: Bool = true) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = address(port: port)
        if !waits { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        let isConnected = withAddress(&address) {
            Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
        if isConnected || (!waits && errno == EINPROGRESS) { return descriptor }
        close(descriptor)
        return nil
    }

    /// Listens on a free port; nil if there is none.
    package static func listen() -> (descriptor: Int32, port: UInt16)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = address(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listens = withAddress(&address) { address in
            bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 128) == 0
                && getsockname(descriptor, address, &length) == 0
        }
        if listens { return (descriptor, UInt16(bigEndian: address.sin_port)) }
        close(descriptor)
        return nil
    }

    /// False if the connection ended before all of it was sent.
    package static func send(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Bool {
        let sent = bytes.withContiguousStorageIfAvailable { sendAll(UnsafeRawBufferPointer($0), to: descriptor) }
        return sent ?? Array(bytes).withUnsafeBytes { sendAll($0, to: descriptor) }
    }

    private static func sendAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = Glibc.send(
                descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func withAddress<Result>(
        _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
    }
}
