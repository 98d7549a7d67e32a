import Glibc

/// What counts as this machine's loopback.
enum Loopback {
    /// Whether `host` is a loopback name or address: `localhost` and names below it (RFC 6761), 127.0.0.0/8, `::1`.
    ///
    /// Other names are not resolved: what a name server says today is no ground for safety.
    static func contains(_ host: some StringProtocol) -> Bool {
        var name = host.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if name == "localhost" || name.hasSuffix(".localhost") { return true }
        var ipv4 = in_addr()
        if inet_pton(AF_INET, name, &ipv4) == 1 { return UInt32(bigEndian: ipv4.s_addr) >> 24 == 127 }
        var ipv6 = in6_addr()
        guard inet_pton(AF_INET6, name, &ipv6) == 1 else { return false }
        return withUnsafeBytes(of: &ipv6) { bytes in bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1 }
    }
}
