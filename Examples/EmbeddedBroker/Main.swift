import ArgumentParser
import Logging
import MQTTBroker
import MQTTBrokerStorage
import MQTTWire

/// An MQTT broker on loopback that is open to everyone: what it takes to embed `MQTTBroker`, and the bench on which it is tested.
@main
struct EmbeddedBroker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embedded-broker",
        abstract: "An MQTT 3.1, 3.1.1 and 5.0 broker on loopback, open to everyone; runs until SIGTERM or SIGINT.")

    @Option(help: "The port to listen on; 0 takes any free one.")
    var port: UInt16

    @Option(name: .customLong("tls-port"), help: "The port to listen on for MQTT over TLS; 0 takes any free one.")
    var tlsPort: UInt16?

    @Option(name: .customLong("cert"), help: "The server's certificate, and those above it, in PEM form.")
    var certificateFile: String?

    @Option(name: .customLong("key"), help: "The private key of the certificate, in PEM form.")
    var keyFile: String?

    @Option(
        name: .customLong("ca"),
        help: "The authority, in PEM form, that signs clients' certificates; clients may come without one.")
    var authorityFile: String?

    @Flag(help: "Over TLS, let in only clients with a certificate that the authority signed.")
    var requireCertificate = false

    @Option(
        name: .customLong("websocket-port"),
        help: "The port to listen on for MQTT over WebSocket, with TLS if there is a certificate; 0 takes any free one."
    )
    var webSocketPort: UInt16?

    @Option(help: "The number of event loops; by default one per processor.")
    var loops: Int?

    @Option(name: .customLong("deny-subscribe"), help: "A topic filter that nobody may subscribe to; may be repeated.")
    var deniedFilters: [String] = []

    @Option(
        help:
            "How often the topics below $SYS are published anew to those who subscribe to them, such as 10s; 0: never.")
    var sysInterval = Seconds(.seconds(10))

    @OptionGroup(title: "Limits") var limits: LimitOptions

    @Option(name: .customLong("persistence"), help: "The folder that keeps sessions and retained messages.")
    var persistenceFolder: String?

    func validate() throws {
        guard loops.map({ 1...64 ~= $0 }) ?? true else {
            throw ValidationError("--loops \(loops ?? 0): it is 1 to 64")
        }
        guard (certificateFile == nil) == (keyFile == nil), tlsPort == nil || certificateFile != nil,
            certificateFile == nil || tlsPort != nil || webSocketPort != nil
        else { throw ValidationError("--tls-port, --cert and --key belong together") }
        guard certificateFile != nil || (authorityFile == nil && !requireCertificate) else {
            throw ValidationError("--ca and --require-certificate want --cert and --key")
        }
        guard !requireCertificate || authorityFile != nil else {
            throw ValidationError("--require-certificate wants --ca")
        }
        for (flag, time) in [("write-stall", limits.writeStall), ("connect-timeout", limits.connectTimeout)] {
            guard time.duration > .zero else { throw ValidationError("--\(flag) 0: it is 1s or more") }
        }
        _ = try denied()
    }

    func run() async throws {
        TerminationSignals.install()
        // Each connection is a descriptor, and the soft limit commonly 1,024.
        DescriptorLimit.raise()
        AddressSpace.economise()
        let hooks = try hooks()
        let broker: Broker
        let store: DiskSessionStore?
        let addresses: [SocketAddress]
        do {
            store = try persistenceFolder.map { folder in try DiskSessionStore(folder: folder, logger: Self.logger()) }
            broker = Broker(
                configuration: try brokerConfiguration(), hooks: hooks, store: store, logger: Self.logger())
            addresses = try broker.start()
        } catch {
            StandardStream.error.write("embedded-broker: \(error)\n")
            throw ExitCode(78)
        }
        let places = zip(listenerNames, addresses).map { name, address in
            " \(name)=\(name == "websocket" ? certificateFile == nil ? "ws" : "wss" : name)://\(address)"
        }
        StandardStream.output.write("embedded-broker ready\(places.joined())\n")
        TerminationSignals.wait()
        await broker.stop()
        store?.close()
    }

    private func brokerConfiguration() throws -> BrokerConfiguration {
        var listeners = [BrokerConfiguration.Listener(host: "127.0.0.1", port: port)]
        var context: TLSServerContext?
        if let certificateFile, let keyFile {
            context = try TLSServerContext(
                certificateFile: certificateFile, keyFile: keyFile, clientAuthorityFile: authorityFile)
        }
        if let tlsPort { listeners.append(.init(host: "127.0.0.1", port: tlsPort, tls: context)) }
        if let webSocketPort {
            listeners.append(.init(host: "127.0.0.1", port: webSocketPort, tls: context, webSocket: WebSocketPolicy()))
        }
        var configuration = BrokerConfiguration(listeners: listeners, loops: loops, limits: limits.limits)
        configuration.version = "embedded-broker"
        configuration.sysInterval = sysInterval.duration
        return configuration
    }

    /// In the order of the listeners, as the line says that tells where they are.
    private var listenerNames: [String] {
        ["mqtt"] + (tlsPort == nil ? [] : ["mqtts"]) + (webSocketPort == nil ? [] : ["websocket"])
    }

    /// Everybody may do everything but subscribe to a denied filter, or come over TLS without a certificate that is required.
    private func hooks() throws -> Hooks {
        let denied = Set(try denied())
        var hooks = Hooks()
        if !denied.isEmpty {
            hooks.authorizeSubscribe = { _, filter, _ in denied.contains(filter) ? .fail : .allow }
        }
        if requireCertificate {
            hooks.authenticate = { request, _ in
                request.isEncrypted && request.peerCertificate == nil ? .refuse(.notAuthorized) : .allow()
            }
        }
        return hooks
    }

    private func denied() throws -> [TopicFilter] {
        try deniedFilters.map { text in
            do {
                return try TopicFilter(text)
            } catch {
                throw ValidationError("--deny-subscribe \(text): \(error)")
            }
        }
    }

    private static func logger() -> Logger {
        var logger = Logger(label: "embedded-broker") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }
}
