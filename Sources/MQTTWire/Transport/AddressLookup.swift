import CPosix

/// From a host name or numeric address to socket addresses.
enum AddressLookup {
    /// Asks the system's resolver, which may block for seconds. `numericOnly` never blocks, and finds nothing for a name.
    static func addresses(
        host: String, port: UInt16, numericOnly: Bool = false, forListening: Bool = false
    ) throws(TransportError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = cposix_sock_stream()
        hints.ai_flags = (numericOnly ? AI_NUMERICHOST : 0) | (forListening ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            throw .nameNotResolved(host: host, reason: String(cString: gai_strerror(result)))
        }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ai_addr, let known = SocketAddress(address, length: entry.pointee.ai_addrlen)
            {
                addresses.append(known)
            }
            next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else {
            throw .nameNotResolved(host: host, reason: "neither an IPv4 nor an IPv6 address")
        }
        return addresses
    }
}
