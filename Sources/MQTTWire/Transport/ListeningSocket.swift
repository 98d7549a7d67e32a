import CPosix

/// A bound socket that listens; connections wait in its backlog until a `Listener` accepts them.
public struct ListeningSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// The address that it listens on, with the real port where 0 was asked for.
    public let address: SocketAddress

    /// Binds and listens. Blocks while a host name is looked up.
    ///
    /// A name that stands for several addresses is listened on at the first one that works; an empty host or `0.0.0.0` is every IPv4 address of the
    /// machine, `::` every IPv6 one. Throws `TransportError.addressInUse`, `.cannotListen` or `.nameNotResolved`.
    public init(host: String, port: UInt16) throws(TransportError) {
        let addresses = try AddressLookup.addresses(
            host: host.isEmpty ? "0.0.0.0" : host, port: port, forListening: true)
        var failure = TransportError.nameNotResolved(host: host, reason: "no address")
        for address in addresses {
            switch Self.listen(at: address) {
            case .success(let raw):
                descriptor = Descriptor(adopting: raw)
                self.address = SocketAddress(localOf: raw) ?? address
                return
            case .failure(let reason) where reason.code == EADDRINUSE:
                // Not the next address: a client that asks for the name would reach the other program.
                throw .addressInUse(host: host, port: port)
            case .failure(let reason):
                failure = .cannotListen(host: host, port: port, reason)
            }
        }
        throw failure
    }

    /// The socket, for the event loop.
    var fileDescriptor: Int32 { descriptor.rawValue }

    private static func listen(at address: SocketAddress) -> Result<Int32, SystemErrno> {
        let raw = cposix_stream_socket(address.family)
        guard raw >= 0 else { return .failure(.last) }
        SocketOptions.prepareListening(raw, family: address.family)
        guard address.withPointer({ cposix_bind(raw, $0, $1) }) == 0, CPosix.listen(raw, 4096) == 0 else {
            let reason = SystemErrno.last
            close(raw)
            return .failure(reason)
        }
        return .success(raw)
    }
}
