import Synchronization

/// An MQTT client: one session with one server over as many connections as it takes.
///
/// All I/O and all protocol work happens on an event loop, which many clients share; a client that is idle costs a socket, a timer and some hundred bytes, no
/// task and no thread. It is ended by `disconnect`, by `abort`, or when the last reference to it goes (as `abort` does).
public final class MQTTClient: Sendable {
    let core: LoopBound<ClientCore>
    private let buffer: MessageBuffer?
    private let requests = Atomic<UInt64>(1)

    /// The loop on which the client lives.
    public let loop: EventLoop
    /// What the client was made with.
    public let configuration: Configuration

    private static let sharedLoop = Result { () throws(TransportError) in try EventLoop() }

    /// A client whose messages are read from `messages`.
    ///
    /// Without a loop of its own it lives on one that all such clients of the process share. Throws `MQTTClientError.transport` when no loop can be made.
    public convenience init(_ configuration: Configuration, loop: EventLoop? = nil) throws(MQTTClientError) {
        try self.init(configuration, loop: loop, stateHandler: nil, handler: nil)
    }

    /// A client that hands every message to a closure, on the loop's thread, instead of keeping it for `messages`, and every change of `State` to another.
    ///
    /// The closures must return soon: all clients of the loop wait for them. This is for programs with thousands of clients, which want no task for each.
    public convenience init(
        _ configuration: Configuration, loop: EventLoop? = nil,
        onState stateHandler: (@Sendable (State) -> Void)? = nil,
        onMessage handler: @escaping @Sendable (MQTTMessage) -> Void
    ) throws(MQTTClientError) {
        try self.init(configuration, loop: loop, stateHandler: stateHandler, handler: handler)
    }

    private init(
        _ configuration: Configuration, loop: EventLoop?, stateHandler: (@Sendable (State) -> Void)?,
        handler: (@Sendable (MQTTMessage) -> Void)?
    ) throws(MQTTClientError) {
        let home: EventLoop
        if let loop {
            home = loop
        } else {
            switch Self.sharedLoop {
            case .success(let shared): home = shared
            case .failure(let error): throw .transport(error)
            }
        }
        let core = ClientCore(configuration, loop: home, stateHandler: stateHandler)
        let bound = LoopBound(core, to: home)
        self.configuration = configuration
        self.loop = home
        self.core = bound
        if let handler {
            buffer = nil
            core.delivery = .handler(handler)
        } else {
            let weak = LoopBound(WeakReference(core), to: home)
            let buffer = MessageBuffer { message, remaining in
                home.execute { weak.value.object?.taken(message, remaining: remaining) }
            }
            self.buffer = buffer
            core.delivery = .buffer(buffer)
        }
    }

    deinit {
        let core = core
        loop.execute { core.value.end(.abort) {} }
    }

    // MARK: Connection

    /// Connects and waits for the server's answer.
    ///
    /// If this first attempt fails, it throws and leaves the client as it was. Once a connection stood, the client connects again by itself as the reconnect policy says.
    @discardableResult
    public func connect() async throws(MQTTClientError) -> MQTTConnectionInfo {
        try await perform { core, id, completion in core.connect(id, .connected(completion)) }
    }

    /// Begins to connect and returns at once; goes on trying, as the reconnect policy says, until it succeeds. `states` tells how it gets on.
    public func start() {
        loop.execute { [core] in core.value.start() }
    }

    /// Sends DISCONNECT and ends the client for good: everything that waits fails with `MQTTClientError.ended`, `messages` comes to its end.
    ///
    /// Returns when the connection is closed. In 5.0 the reason `.disconnectWithWill` has the server publish the will.
    public func disconnect(reason: ReasonCode = .normalDisconnection) async {
        await end(.disconnect(reason))
    }

    /// Ends the client for good without a word to the server, as a crash would: the server publishes the will.
    public func abort() async {
        await end(.abort)
    }

    private func end(_ manner: ClientCore.Ending) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let accepted = loop.execute { [core] in core.value.end(manner) { continuation.resume() } }
            if !accepted { continuation.resume() }
        }
    }

    /// How it stands with the connection now, and every change from then on; a slow reader misses all but the last 16. Ends with the client.
    public var states: AsyncStream<State> {
        let (stream, continuation) = AsyncStream.makeStream(of: State.self, bufferingPolicy: .bufferingNewest(16))
        if !loop.execute({ [core] in core.value.observe(continuation) }) { continuation.finish() }
        return stream
    }

    // MARK: Messages

    /// Publishes and waits for the end of the handshake: at QoS 0 until the message is on its way, at QoS 1 for PUBACK, at QoS 2 for PUBCOMP.
    ///
    /// While the connection is being made again, QoS 1 and 2 wait for it; QoS 0 fails with `MQTTClientError.notConnected`.
    public func publish(_ publication: MQTTPublication) async throws(MQTTClientError) {
        try await perform { core, id, completion in core.publish(publication, id, .done(completion)) }
    }

    /// Sends one SUBSCRIBE and waits for its SUBACK; returns the granted QoS of each subscription.
    ///
    /// Throws `MQTTClientError.subscriptionsRefused` if the server refused any; the others stand.
    @discardableResult
    public func subscribe(
        _ subscriptions: [Subscription], properties: Properties = Properties()
    ) async throws(MQTTClientError) -> [QoS] {
        try await perform { core, id, completion in
            core.subscribe(subscriptions, properties, id, .subscribed(completion))
        }
    }

    /// Sends a SUBSCRIBE for one filter; returns the granted QoS.
    @discardableResult
    public func subscribe(to filter: TopicFilter, qos: QoS = .atLeastOnce) async throws(MQTTClientError) -> QoS {
        try await subscribe([Subscription(filter, SubscriptionOptions(qos))]).first ?? .atMostOnce
    }

    /// Sends one UNSUBSCRIBE and waits for its UNSUBACK. A filter that was not subscribed to is no error.
    public func unsubscribe(_ filters: [TopicFilter]) async throws(MQTTClientError) {
        try await perform { core, id, completion in core.unsubscribe(filters, id, .done(completion)) }
    }

    /// The messages of all subscriptions; at its end at once for a client that has a handler instead.
    public var messages: MQTTMessages {
        if let buffer { return MQTTMessages(buffer: buffer) }
        let empty = MessageBuffer { _, _ in }
        empty.end()
        return MQTTMessages(buffer: empty)
    }

    // MARK: From tasks to the loop

    /// Names a request, for its cancellation.
    func nextRequest() -> UInt64 {
        requests.add(1, ordering: .relaxed).newValue
    }

    private func perform<Value: Sendable>(
        _ request:
            @escaping @Sendable (ClientCore, UInt64, @escaping (Result<Value, MQTTClientError>) -> Void) -> Void
    ) async throws(MQTTClientError) -> Value {
        let id = nextRequest()
        let (loop, core) = (loop, core)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<Value, MQTTClientError>, Never>) in
                let accepted = loop.execute {
                    request(core.value, id) { continuation.resume(returning: $0) }
                }
                if !accepted { continuation.resume(returning: .failure(.transport(.loopStopped))) }
                // A cancellation before this moment found no request to cancel.
                if Task.isCancelled { loop.execute { core.value.cancel(id) } }
            }
        } onCancel: {
            loop.execute { core.value.cancel(id) }
        }
        return try result.get()
    }
}
