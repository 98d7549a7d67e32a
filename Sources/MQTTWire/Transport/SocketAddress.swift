import CPosix

/// An IPv4 or IPv6 address with a port.
public struct SocketAddress: Sendable, CustomStringConvertible {
    private enum Kind {
        case version4(sockaddr_in)
        case version6(sockaddr_in6)
    }

    private let kind: Kind

    init?(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
        let raw = UnsafeRawPointer(address)
        switch Int32(address.pointee.sa_family) {
        case AF_INET where Int(length) >= MemoryLayout<sockaddr_in>.size:
            kind = .version4(raw.loadUnaligned(as: sockaddr_in.self))
        case AF_INET6 where Int(length) >= MemoryLayout<sockaddr_in6>.size:
            kind = .version6(raw.loadUnaligned(as: sockaddr_in6.self))
        default: return nil
        }
    }

    /// Makes an address by having a system call fill one in; nil if that fails or the family is another.
    init?(filledBy call: (UnsafeMutableRawPointer, UnsafeMutablePointer<socklen_t>) -> Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        guard withUnsafeMutableBytes(of: &storage, { $0.baseAddress.map { call($0, &length) } }) == 0 else {
            return nil
        }
        let address = withUnsafeBytes(of: &storage) { bytes -> SocketAddress? in
            guard let base = bytes.baseAddress else { return nil }
            return SocketAddress(base.assumingMemoryBound(to: sockaddr.self), length: length)
        }
        guard let address else { return nil }
        self = address
    }

    /// The address that a socket is bound to.
    init?(localOf descriptor: Int32) {
        self.init(filledBy: { cposix_getsockname(descriptor, $0, $1) })
    }

    /// The port.
    public var port: UInt16 {
        switch kind {
        case .version4(let address): UInt16(bigEndian: address.sin_port)
        case .version6(let address): UInt16(bigEndian: address.sin6_port)
        }
    }

    /// The numeric host; an IPv4 address that arrived on an IPv6 socket is shown as IPv4.
    public var host: String {
        switch kind {
        case .version4(var address):
            return withUnsafePointer(to: &address.sin_addr) { Self.text(of: $0, family: AF_INET) }
        case .version6(var address):
            let text = withUnsafePointer(to: &address.sin6_addr) { Self.text(of: $0, family: AF_INET6) }
            return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
        }
    }

    /// Numeric host and port, with brackets around an IPv6 host.
    public var description: String {
        let host = host
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    var family: Int32 {
        switch kind {
        case .version4: AF_INET
        case .version6: AF_INET6
        }
    }

    func withPointer<Result>(_ body: (UnsafeRawPointer, socklen_t) -> Result) -> Result {
        switch kind {
        case .version4(var address):
            withUnsafePointer(to: &address) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        case .version6(var address):
            withUnsafePointer(to: &address) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
        }
    }

    private static func text(of address: UnsafeRawPointer, family: Int32) -> String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, address, &text, socklen_t(text.count)) != nil else { return "?" }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "?" }
    }
}
