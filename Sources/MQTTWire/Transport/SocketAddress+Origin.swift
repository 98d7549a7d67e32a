import CPosix

extension SocketAddress {
    /// What connections are counted by when nobody has said who they are: an IPv4 address, or the first 64 bits of an IPv6 one, of which a single
    /// subscriber usually has all the rest.
    public struct Origin: Hashable, Sendable {
        fileprivate let bits: UInt64
        fileprivate let isVersion4: Bool
    }

    /// Where the address belongs; an IPv4 address that arrived on an IPv6 socket is an IPv4 address.
    public var origin: Origin {
        withPointer { address, _ in
            guard family == AF_INET6 else {
                let version4 = address.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
                return Origin(bits: UInt64(UInt32(bigEndian: version4)), isVersion4: true)
            }
            return withUnsafeBytes(of: address.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { bytes in
                let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
                let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                let isMapped = high == 0 && low >> 32 == 0xFFFF
                return isMapped
                    ? Origin(bits: low & 0xFFFF_FFFF, isVersion4: true) : Origin(bits: high, isVersion4: false)
            }
        }
    }
}
