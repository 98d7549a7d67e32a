/// Whom a WebSocket listener lets in.
public struct WebSocketPolicy: Hashable, Sendable {
    /// The names of hosts whose pages may connect, in lower case, IPv6 addresses without brackets. A browser says in `Origin` which page asks; whoever
    /// sends no `Origin` is no browser, and let in.
    ///
    /// A page of any site that somebody visits can connect to their own machine, so a broker that asks for no password should name loopback alone.
    public var originHosts: Set<String>

    /// The names of this machine.
    public static let loopbackHosts: Set<String> = ["127.0.0.1", "::1", "localhost"]

    /// By default pages that this machine serves may connect.
    public init(originHosts: Set<String> = loopbackHosts) {
        self.originHosts = Set(originHosts.map { $0.lowercased() })
    }

    /// Whether a page of that origin (RFC 6454, 6.1: `scheme://host:port`) may connect.
    func admits(origin: String) -> Bool {
        guard let authority = origin.lowercased().split(separator: "://", maxSplits: 1).dropFirst().first else {
            // Such as `null`: a page that nobody serves.
            return false
        }
        let host: Substring
        if authority.hasPrefix("[") {
            host = authority.dropFirst().prefix { $0 != "]" }
        } else {
            host = authority.prefix { $0 != ":" }
        }
        return originHosts.contains(String(host))
    }
}
