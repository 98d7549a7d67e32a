import CPosix
import Dispatch
public import Logging
public import MQTTWire
import Synchronization

/// An MQTT 3.1, 3.1.1 and 5.0 broker inside a program.
///
/// It runs on threads of its own, one event loop each, that share nothing but what they hand to each other: a session lives on the loop that its client
/// id hashes to, with its connection, its queue and its timers. All methods may be called from any thread; none but ``start()`` and ``stop()`` waits.
public final class Broker: Sendable {
    private enum Phase {
        case new
        case running
        case stopped
    }

    /// How long a stop waits for clients to take what is under way to them and to close.
    private static let stopPatience = Duration.seconds(1)

    private let configuration: BrokerConfiguration
    private let core: Core
    private let phase = Mutex(Phase.new)
    /// The loops, once there are any.
    private let shards = Mutex<[Shard]>([])

    /// A broker that does nothing until ``start()``. Without a `store` persistent sessions live as long as it does.
    public init(
        configuration: BrokerConfiguration = BrokerConfiguration(), hooks: Hooks = Hooks(),
        store: (any SessionStore)? = nil, logger: Logger = Logger(label: "mqtt-broker")
    ) {
        self.configuration = configuration
        let loops = configuration.loops ?? Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        core = Core(
            configuration, hooks: hooks, store: store, logger: logger,
            // One bit of a word says which loops a publication concerns.
            loopCount: min(max(loops, 1), 64))
    }

    /// Opens every listener and starts the loops. Blocks while host names are looked up.
    ///
    /// Throws when the store cannot be read, a port is taken or an address is none of this machine's; then nothing listens.
    ///
    /// - Returns: The addresses that the listeners are bound to, in the order of the configuration, with real ports where 0 was asked for.
    public func start() throws(BrokerError) -> [SocketAddress] {
        let isNew = phase.withLock { phase in
            defer { if case .new = phase { phase = .running } }
            if case .new = phase { return true }
            return false
        }
        guard isNew else { throw .alreadyStarted }
        let state: StoredState
        do {
            state = try core.store?.load() ?? StoredState()
        } catch {
            throw .store(reason: "\(error)")
        }
        do {
            return try open(state)
        } catch {
            for shard in shards.withLock({ $0 }) {
                shard.post { $0.part() }
                shard.loop.stop()
                shard.loop.join()
            }
            throw .transport(error)
        }
    }

    private func restore(_ state: StoredState, in shards: [Shard]) {
        // One object for all that a message waits for, as it was before.
        var messages: [UInt64: Message] = [:]
        func add(_ message: StoredMessage) {
            if messages[message.id] == nil { messages[message.id] = Message(message, core: core, now: .now) }
        }
        for message in state.retained { add(message) }
        for session in state.sessions {
            for delivery in session.deliveries where delivery.hasMessage { add(delivery.message) }
        }
        core.messageIDs(above: messages.keys.max() ?? 0)
        core.retained.restore(state.retained.compactMap { messages[$0.id] })
        let all = messages
        for session in state.sessions {
            shards[core.home(of: session.clientID)].post { $0.restore(session, all) }
        }
        // Before all are there, nothing that is published would find them.
        let restored = DispatchSemaphore(value: 0)
        for shard in shards { shard.post { _ in restored.signal() } }
        for _ in shards { restored.wait() }
        for shard in shards { shard.post { $0.beginRestored() } }
    }

    private func open(_ state: StoredState) throws(TransportError) -> [SocketAddress] {
        var made: [Shard] = []
        for index in 0..<core.loopCount {
            made.append(Shard(index: index, core: core, loop: try EventLoop()))
            let soFar = made
            shards.withLock { $0 = soFar }
        }
        let all = made
        for shard in all { shard.post { $0.peers = all } }
        restore(state, in: all)
        var addresses: [SocketAddress] = []
        var listeners: [(Listener, BrokerConfiguration.Listener)] = []
        for listener in configuration.listeners {
            let socket = try ListeningSocket(host: listener.host, port: listener.port)
            addresses.append(socket.address)
            listeners.append((Listener(socket, loop: all[0].loop), listener))
        }
        let bound = LoopBound(listeners, to: all[0].loop)
        let logger = core.logger
        all[0].post { shard in
            for (listener, configured) in bound.value {
                do {
                    try shard.listen(listener, configured)
                } catch {
                    logger.critical("a listener cannot accept", metadata: ["reason": "\(error)"])
                }
            }
        }
        return addresses
    }

    /// Ends every connection, with DISCONNECT 0x8B (Server shutting down) where the version has it, and the loops; returns when all is done.
    /// Wills are not published, and deliveries under way end as their connections do.
    public func stop() async {
        let wasRunning = phase.withLock { phase in
            defer { phase = .stopped }
            if case .running = phase { return true }
            return false
        }
        guard wasRunning else { return }
        let shards = shards.withLock { $0 }
        await withTaskGroup { group in
            for shard in shards {
                group.addTask { await Self.shutDown(shard) }
            }
        }
        await withCheckedContinuation { continuation in
            shards[0].post { first in
                // The first loop sees the others out, so that this waits for threads where no task of the concurrency pool would.
                for shard in shards.dropFirst() {
                    shard.post { $0.part() }
                    shard.loop.stop()
                    shard.loop.join()
                }
                first.part()
                first.loop.stop()
                continuation.resume()
            }
        }
        // Nothing is left to it but to end.
        shards[0].loop.join()
        self.shards.withLock { $0 = [] }
    }

    private static func shutDown(_ shard: Shard) async {
        await withCheckedContinuation { continuation in
            shard.post { $0.shutDown(patience: stopPatience) { continuation.resume() } }
        }
    }

    /// Has all TLS listeners show another certificate to clients that connect from now on; those that are connected go on with what they have.
    public func useForNewConnections(_ context: TLSServerContext) { core.use(context) }

    /// Sends a publication to its audience. What one thread publishes to a client arrives in that order.
    public func publish(_ publication: OutboundPublication) {
        let message = Message(
            id: core.nextMessageID(), topic: publication.topic, prefix: publication.prefix,
            body: SharedSlice(publication.body),
            qos: publication.qos, retain: publication.retain, endsWithConnection: publication.endsWithConnection)
        let shards = shards.withLock { $0 }
        switch publication.audience {
        case .subscribers:
            if message.retain, let order = core.retain(message) {
                shards.first?.post { $0.noteRetained(message, order) }
            }
            let interested = core.interest.loops(for: message.topic)
            for shard in shards where interested & (1 << UInt64(shard.index)) != 0 {
                shard.post { $0.deliver(message) }
            }
        case .connections(let targets):
            for (index, targets) in Dictionary(grouping: targets, by: { core.home(of: $0.clientID) }) {
                let isPosted = shards.indices.contains(index) && shards[index].post { $0.deliver(message, to: targets) }
                guard !isPosted else { continue }
                for target in targets { core.hooks.observeDelivery?(.ended(target.token, .notSent)) }
            }
        }
    }

    /// Stops deliveries that have not been written completely: what has not begun is taken out, what has begun ends with its connection, which is closed.
    /// What was written waits for its acknowledgement. Each still ends with exactly one ``DeliveryReport/ended(_:_:)``; unknown tokens are ignored.
    public func cancel(_ tokens: [DeliveryToken]) {
        for shard in shards.withLock({ $0 }) { shard.post { $0.cancel(tokens) } }
    }

    /// How far deliveries are: the bytes of each that the client's TCP has not acknowledged, those on the way with them counted in. What has not begun
    /// or has ended is left out.
    public func unacknowledgedBytes(of tokens: [DeliveryToken]) async -> [DeliveryToken: Int] {
        var bytes: [DeliveryToken: Int] = [:]
        for shard in shards.withLock({ $0 }) {
            // What a loop has accepted runs, also when the loop stops.
            let found: [DeliveryToken: Int] = await withCheckedContinuation { continuation in
                let isPosted = shard.post { continuation.resume(returning: $0.unacknowledgedBytes(of: tokens)) }
                if !isPosted { continuation.resume(returning: [:]) }
            }
            bytes.merge(found) { first, _ in first }
        }
        return bytes
    }

    /// Ends one connection as ``DisconnectCause/administrative(_:)``, in 5.0 with DISCONNECT 0x98 (Administrative action). One that is gone already is ignored.
    public func disconnect(_ connection: ConnectionID, clientID: ClientID, reason: String) {
        let shards = shards.withLock { $0 }
        let home = core.home(of: clientID)
        guard shards.indices.contains(home) else { return }
        shards[home].post {
            $0.connections[connection]?.end(.administrative(reason), sending: .administrativeAction)
        }
    }

    /// Ends the session of a client id, if there is one and the closure says yes to the identity that it belongs to: its subscriptions, its will and all
    /// that waits in it are gone, and its connection, if it has one, ends as ``DisconnectCause/administrative(_:)``, in 5.0 with DISCONNECT 0x98. The will
    /// is not published: whoever loses the right to speak has no last word.
    ///
    /// A CONNECT for that client id which is not decided yet is refused as ``ConnectRefusal/serverUnavailable``: its client comes again and is judged by
    /// what holds then. So what the embedding program took back before this call opens nothing after it.
    public func disconnect(
        _ clientID: ClientID, reason: String, where isMeant: @escaping @Sendable (ClientIdentity) -> Bool
    ) {
        let shards = shards.withLock { $0 }
        let home = core.home(of: clientID)
        guard shards.indices.contains(home) else { return }
        shards[home].post { $0.end(clientID, reason: reason, where: isMeant) }
    }

    /// Ends all sessions that belong to identities to which the closure says yes, as ``disconnect(_:reason:where:)`` ends one, and refuses every CONNECT
    /// that is not decided yet.
    public func disconnectAll(reason: String, where isMeant: @escaping @Sendable (ClientIdentity) -> Bool) {
        for shard in shards.withLock({ $0 }) { shard.post { $0.endAll(reason: reason, where: isMeant) } }
    }

    /// What the broker counted and holds; gathered without stopping it, so that figures may be some turns apart.
    public var snapshot: BrokerCounters {
        var snapshot = BrokerCounters()
        for shard in shards.withLock({ $0 }) { shard.counters.add(to: &snapshot) }
        core.add(to: &snapshot)
        return snapshot
    }
}
