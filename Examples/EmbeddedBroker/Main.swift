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
        name: .customLong("websocket-port"),
        help: "The port to listen on for MQTT over WebSocket, with TLS if there is a certificate; 0 takes any free one."
    )
    var webSocketPort: UInt16?

    @Option(help: "The number of event loops; by default one per processor.")
    var loops: Int?

    @Option(name: .customLong("deny-subscribe"), help: "A topic filter that nobody may subscribe to; may be repeated.")
    var deniedFilters: [String] = []

    @Option(name: .customLong("max-keepalive"), help: "The longest keep-alive of MQTT 5.0 clients, in seconds.")
    var maximumKeepAlive: UInt16?

    @Option(help: "How many unacknowledged QoS 1 and 2 messages a client may send.")
    var receiveMaximum: UInt16 = 20

    @Option(name: .customLong("max-packet-size"), help: "The largest packet that is accepted, in bytes.")
    var maximumPacketSize = 268_435_455

    @Option(help: "How long a client may take no byte of what is sent to it, such as 60s.")
    var writeStall = Seconds(count: 60)

    @Option(name: .customLong("persistence"), help: "The folder that keeps sessions and retained messages.")
    var persistenceFolder: String?

    func validate() throws {
        guard loops.map({ 1...64 ~= $0 }) ?? true else {
            throw ValidationError("--loops \(loops ?? 0): it is 1 to 64")
        }
        guard (certificateFile == nil) == (keyFile == nil), tlsPort == nil || certificateFile != nil,
            certificateFile == nil || tlsPort != nil || webSocketPort != nil
        else { throw ValidationError("--tls-port, --cert and --key belong together") }
        guard receiveMaximum > 0 else { throw ValidationError("--receive-maximum 0: it is 1 to 65535") }
        guard 128...268_435_455 ~= maximumPacketSize else {
            throw ValidationError("--max-packet-size \(maximumPacketSize): it is 128 to 268435455")
        }
        _ = try denied()
    }

    func run() async throws {
        TerminationSignals.install()
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
        var limits = Limits()
        limits.receiveMaximum = receiveMaximum
        limits.maximumPacketSize = maximumPacketSize
        limits.maximumKeepAlive = maximumKeepAlive.map { .seconds($0) }
        limits.writeStall = writeStall.duration
        var listeners = [BrokerConfiguration.Listener(host: "127.0.0.1", port: port)]
        var context: TLSServerContext?
        if let certificateFile, let keyFile {
            context = try TLSServerContext(certificateFile: certificateFile, keyFile: keyFile)
        }
        if let tlsPort { listeners.append(.init(host: "127.0.0.1", port: tlsPort, tls: context)) }
        if let webSocketPort {
            listeners.append(.init(host: "127.0.0.1", port: webSocketPort, tls: context, webSocket: WebSocketPolicy()))
        }
        return BrokerConfiguration(listeners: listeners, loops: loops, limits: limits)
    }

    /// In the order of the listeners, as the line says that tells where they are.
    private var listenerNames: [String] {
        ["mqtt"] + (tlsPort == nil ? [] : ["mqtts"]) + (webSocketPort == nil ? [] : ["websocket"])
    }

    /// Everybody may do everything but subscribe to a denied filter.
    private func hooks() throws -> Hooks {
        let denied = Set(try denied())
        guard !denied.isEmpty else { return Hooks() }
        return Hooks(authorizeSubscribe: { _, filter, _ in denied.contains(filter) ? .fail : .allow })
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

/// A length of time on the command line: a number of seconds, with or without `s`.
struct Seconds: ExpressibleByArgument {
    let duration: Duration

    init(count: Int64) { duration = .seconds(count) }

    init?(argument: String) {
        let digits = argument.hasSuffix("s") ? argument.dropLast() : argument[...]
        guard let count = Int64(digits), 1...86_400 ~= count else { return nil }
        self.init(count: count)
    }

    var defaultValueDescription: String { "\(duration.components.seconds)s" }
}
