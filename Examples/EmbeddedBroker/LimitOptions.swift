import ArgumentParser
import MQTTBroker

/// The broker's limits that a test is likely to want otherwise; each defaults to what `Limits` says.
struct LimitOptions: ParsableArguments {
    private static let defaults = Limits()

    @Option(name: .customLong("max-keepalive"), help: "The longest keep-alive of MQTT 5.0 clients, in seconds.")
    var maximumKeepAlive: UInt16?

    @Option(help: "How many unacknowledged QoS 1 and 2 messages a client may send.")
    var receiveMaximum = defaults.receiveMaximum

    @Option(name: .customLong("max-packet-size"), help: "The largest packet that is accepted, in bytes.")
    var maximumPacketSize = defaults.maximumPacketSize

    @Option(help: "How long a client may take no byte of what is sent to it before it is dropped, such as 60s.")
    var writeStall = Seconds(defaults.writeStall)

    @Option(help: "How long a connection may take until its CONNECT is decided, such as 9s.")
    var connectTimeout = Seconds(defaults.connectTimeout)

    @Option(name: .customLong("max-connections"), help: "How many connections there may be; more are closed at once.")
    var maximumConnections = defaults.connections

    @Option(
        name: .customLong("max-connections-per-address"),
        help: "How many there may be from one address. (default: no limit)")
    var maximumConnectionsPerAddress: Int?

    @Option(
        name: .customLong("max-queued-messages"),
        help: "How many messages may wait for a client; then QoS 0 is dropped, and of the others the oldest.")
    var maximumQueuedMessages = defaults.queuedMessagesPerSession

    @Option(name: .customLong("max-queued-bytes"), help: "How many bytes may wait for a client.")
    var maximumQueuedBytes = defaults.queuedBytesPerSession

    @Option(
        name: .customLong("max-inflight-messages"),
        help: "How many QoS 1 and 2 messages a client is sent before it acknowledges the first.")
    var maximumInFlightMessages = defaults.inFlightPerSession

    @Option(
        name: .customLong("max-buffered-bytes"),
        help: "How many bytes of messages the broker may hold; then publishers are slowed down.")
    var maximumBufferedBytes = defaults.bufferedBytes

    @Option(name: .customLong("max-retained-messages"), help: "How many retained messages are kept.")
    var maximumRetainedMessages = defaults.retainedMessages

    @Option(name: .customLong("max-retained-bytes"), help: "How many bytes retained messages may take.")
    var maximumRetainedBytes = defaults.retainedBytes

    func validate() throws {
        guard receiveMaximum > 0 else { throw ValidationError("--receive-maximum 0: it is 1 to 65535") }
        guard 128...268_435_455 ~= maximumPacketSize else {
            throw ValidationError("--max-packet-size \(maximumPacketSize): it is 128 to 268435455")
        }
        guard 1...65_535 ~= maximumInFlightMessages else {
            throw ValidationError("--max-inflight-messages \(maximumInFlightMessages): it is 1 to 65535")
        }
        let counts = [
            ("connections", maximumConnections), ("connections-per-address", maximumConnectionsPerAddress ?? 1),
            ("queued-messages", maximumQueuedMessages), ("queued-bytes", maximumQueuedBytes),
            ("buffered-bytes", maximumBufferedBytes),
        ]
        for (name, count) in counts where count < 1 { throw ValidationError("--max-\(name) \(count): it is 1 or more") }
        guard maximumRetainedMessages >= 0, maximumRetainedBytes >= 0 else {
            throw ValidationError("--max-retained-messages and --max-retained-bytes are 0 or more")
        }
    }

    var limits: Limits {
        var limits = Self.defaults
        limits.maximumKeepAlive = maximumKeepAlive.map { .seconds($0) }
        limits.receiveMaximum = receiveMaximum
        limits.maximumPacketSize = maximumPacketSize
        limits.writeStall = writeStall.duration
        limits.connectTimeout = connectTimeout.duration
        limits.connections = maximumConnections
        limits.connectionsPerAddress = maximumConnectionsPerAddress
        limits.queuedMessagesPerSession = maximumQueuedMessages
        limits.queuedBytesPerSession = maximumQueuedBytes
        // A queue whose publishers are not held up before it is full drops what they send.
        limits.congestedMessages = min(limits.congestedMessages, max(1, maximumQueuedMessages / 4))
        limits.congestedBytes = min(limits.congestedBytes, max(1, maximumQueuedBytes / 4))
        limits.inFlightPerSession = maximumInFlightMessages
        limits.bufferedBytes = maximumBufferedBytes
        limits.retainedMessages = maximumRetainedMessages
        limits.retainedBytes = maximumRetainedBytes
        return limits
    }
}

/// A length of time on the command line: a number of seconds, with or without `s`.
struct Seconds: ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        let digits = argument.hasSuffix("s") ? argument.dropLast() : argument[...]
        guard let count = Int64(digits), 0...86_400 ~= count else { return nil }
        duration = .seconds(count)
    }

    var defaultValueDescription: String { "\(duration.components.seconds)s" }
}
