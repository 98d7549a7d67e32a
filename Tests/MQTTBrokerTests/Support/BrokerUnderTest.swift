import Glibc
import Logging
import MQTTBroker
import MQTTWire
import Synchronization
import Testing

/// Runs a broker on a free port for as long as the closure takes.
func withBroker(
    loops: Int = 2, hooks: Hooks = Hooks(), store: (any SessionStore)? = nil, limits: (inout Limits) -> Void = { _ in },
    _ body: (Broker, _ port: UInt16) async throws -> Void
) async throws {
    var configuration = BrokerConfiguration(listeners: [.init(port: 0)], loops: loops)
    limits(&configuration.limits)
    try await withBroker(configuration, hooks: hooks, store: store) { broker, ports in
        try await body(broker, try #require(ports.first))
    }
}

/// Runs a broker with a plain port and one for TLS for as long as the closure takes.
func withBroker(
    tls context: TLSServerContext, loops: Int = 2, hooks: Hooks = Hooks(), limits: (inout Limits) -> Void = { _ in },
    _ body: (Broker, _ plain: UInt16, _ tls: UInt16) async throws -> Void
) async throws {
    var configuration = BrokerConfiguration(listeners: [.init(port: 0), .init(port: 0, tls: context)], loops: loops)
    limits(&configuration.limits)
    try await withBroker(configuration, hooks: hooks, store: nil) { broker, ports in
        try #require(ports.count == 2)
        try await body(broker, ports[0], ports[1])
    }
}

/// Runs a broker with these listeners for as long as the closure takes.
func withBroker(
    listeners: [BrokerConfiguration.Listener], _ body: (Broker, _ ports: [UInt16]) async throws -> Void
) async throws {
    try await withBroker(BrokerConfiguration(listeners: listeners, loops: 2), hooks: Hooks(), store: nil, body)
}

/// Runs a broker for as long as the closure takes.
func withBroker(
    _ configuration: BrokerConfiguration, hooks: Hooks = Hooks(), store: (any SessionStore)? = nil,
    _ body: (Broker, [UInt16]) async throws -> Void
) async throws {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    let broker = Broker(configuration: configuration, hooks: hooks, store: store, logger: logger)
    let ports = try broker.start().map(\.port)
    do {
        try await body(broker, ports)
    } catch {
        await broker.stop()
        throw error
    }
    await broker.stop()
}

/// Waits until something holds; fails the test if it does not within ten seconds.
///
/// It blocks its thread, as peers do: a task that sleeps is woken late when other tests block all threads of the pool.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) throws {
    let start = ContinuousClock.now
    while try !condition() {
        guard ContinuousClock.now - start < .seconds(10) else {
            Issue.record(what, sourceLocation: sourceLocation)
            return
        }
        pause(milliseconds: 2)
    }
}

/// Blocks the thread for a moment.
func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }

/// Runs a closure that blocks on a thread of its own; `finish` waits for it and rethrows.
final class Worker: Sendable {
    private let loop: EventLoop
    private let outcome = Mutex<Result<Void, any Error>>(.success(()))

    init(_ work: @escaping @Sendable () throws -> Void) throws {
        loop = try EventLoop()
        loop.execute { [self] in
            let result = Result { try work() }
            outcome.withLock { $0 = result }
        }
    }

    func finish() throws {
        loop.stop()
        loop.join()
        try outcome.withLock { $0 }.get()
    }
}

/// Collects what hooks tell.
final class Recorder<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    func record(_ element: Element) { elements.withLock { $0.append(element) } }
    var all: [Element] { elements.withLock { $0 } }
    func takeAll() -> [Element] {
        elements.withLock { elements in
            defer { elements = [] }
            return elements
        }
    }
}

extension BrokerEvent {
    /// The event in one line, without what differs from run to run.
    var summary: String {
        switch self {
        case .connected(let client, let sessionPresent):
            "connected \(client.clientID)\(sessionPresent ? " again" : "")"
        case .disconnected(let client, let cause): "disconnected \(client.clientID): \(cause)"
        case .subscribed(let client, let filter, let qos): "subscribed \(client.clientID) \(filter) \(qos.rawValue)"
        case .unsubscribed(let client, let filter): "unsubscribed \(client.clientID) \(filter)"
        case .dropped(let clientID, let topic, let cause): "dropped \(clientID) \(topic) \(cause)"
        }
    }
}
