/// Where a page comes from, as far as it tells two servers apart: a host and a port.
struct WebOrigin: Equatable {
    let host: String
    let port: Int

    /// The value of an `Origin` header; nil for an opaque one (`null`), and for one that is not of the web.
    init?(_ origin: String) {
        for (scheme, port) in [("http://", 80), ("https://", 443)] where origin.lowercased().hasPrefix(scheme) {
            self.init(authority: String(origin.dropFirst(scheme.count)), defaultPort: port)
            return
        }
        return nil
    }

    /// A `Host` header, of a server that listens on `defaultPort` unless it is said.
    init?(authority: String, defaultPort: Int) {
        guard let host = HostGuard.host(ofAuthority: authority) else { return nil }
        self.host = host.lowercased()
        let port = authority.hasPrefix("[") ? authority.drop { $0 != "]" }.dropFirst() : authority.drop { $0 != ":" }
        self.port = Int(port.dropFirst()) ?? defaultPort
    }
}
