import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import MQTTWire
import NIOCore
import ServiceLifecycle
import UpgradeCore

/// One HTTP listener; both serve the same routes.
struct HTTPListener<Responder: HTTPResponder>: Service, CustomStringConvertible
where Responder.Context == APIContext {
    let place: Place
    let responder: Responder
    let readiness: Readiness
    /// How long a connection may say nothing that amounts to anything, and how many there may be.
    var idle = HTTPLimits.idle
    var connections = HTTPLimits.connections
    let logger: Logger

    /// Where a listener stands.
    enum Place: Sendable {
        /// Over TLS when there are certificates.
        case tcp(ListenAddress, HTTPSCertificates?)
        /// The control socket at this path.
        case controlSocket(String)
    }

    func run() async throws {
        let configuration = HTTP1Channel.Configuration(
            idleTimeout: idle,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: HTTPLimits.headers, maxHeaderListSize: HTTPLimits.headers,
                maxHeaderFieldCount: HTTPLimits.headerCount))
        let application = Application(
            responder: responder, server: server(configuration),
            configuration: ApplicationConfiguration(
                address: address, availableConnectionsDelegate: .maximum(mostConnections, logger: logger)),
            onServerRunning: { listening(on: $0) },
            logger: logger)
        do {
            try await application.run()
        } catch let error as IOError {
            throw refusal(code: error.errnoCode)
        }
    }

    /// Its name among services, in logs.
    var description: String {
        switch place {
        case .tcp: "HTTP listener"
        case .controlSocket: "control socket"
        }
    }

    private func server(_ configuration: HTTP1Channel.Configuration) -> HTTPServerBuilder {
        guard case .tcp(_, let certificates?) = place else { return .http1(configuration: configuration) }
        return HTTPServerBuilder { responder in
            TLSServerChannel(
                certificates: certificates, base: HTTP1Channel(responder: responder, configuration: configuration))
        }
    }

    /// The rest of the descriptors is for gateways, the database and the other listener.
    private var mostConnections: Int { min(connections, max(1, DescriptorLimit.current / 4)) }

    private var address: BindAddress {
        switch place {
        case .tcp(let address, _): .hostname(address.host, port: address.port)
        case .controlSocket(let path): .unixDomainSocket(path: path)
        }
    }

    @Sendable private func listening(on channel: any Channel) {
        switch place {
        case .tcp(let address, _):
            readiness.stands(
                .http, at: ListenAddress(host: address.host, port: channel.localAddress?.port ?? address.port))
        case .controlSocket(let path):
            // The folder is its owner's alone; the socket says so too.
            chmod(path, 0o600)
            readiness.stands(.controlSocket)
        }
    }

    private func refusal(code: Int32) -> StartRefusal {
        switch place {
        case .tcp(let address, _):
            PortProbe.refusal(code: code, address, portSetting: .httpPort, hostSetting: .httpHost)
        case .controlSocket(let path):
            StartRefusal(
                "cannot listen on the control socket \(path) (\(String(cString: strerror(code))))",
                remedy: "choose a data folder with a shorter path, or on a file system that has sockets, with --data")
        }
    }
}
