import Synchronization

/// The client on its loop: the connection's life. What it does with packets and requests stands in the extensions.
///
/// Belongs to the loop's thread; `MQTTClient` is its front.
final class ClientCore {
    /// How the program ends a client.
    enum Ending {
        case disconnect(ReasonCode)
        case abort
    }

    /// Where messages go.
    enum Delivery {
        case none
        case buffer(MessageBuffer)
        case handler(@Sendable (MQTTMessage) -> Void)
    }

    /// Who waits for the end of a request.
    enum Completion {
        case done((Result<Void, MQTTClientError>) -> Void)
        case subscribed((Result<[QoS], MQTTClientError>) -> Void)
        case connected((Result<MQTTConnectionInfo, MQTTClientError>) -> Void)

        func fail(_ error: MQTTClientError) {
            switch self {
            case .done(let completion): completion(.failure(error))
            case .subscribed(let completion): completion(.failure(error))
            case .connected(let completion): completion(.failure(error))
            }
        }
    }

    private enum Phase {
        case idle
        case connecting(Connector)
        case handshaking(ClientChannel)
        case connected(ClientChannel, MQTTConnectionInfo)
        case waiting(EventLoop.TimerID)
        /// Waits for the last packets to leave.
        case ending(ClientChannel)
        case ended
    }

    let loop: EventLoop
    let configuration: MQTTClient.Configuration
    var delivery = Delivery.none
    private let stateHandler: (@Sendable (MQTTClient.State) -> Void)?
    var session = ClientSession()
    var completions: [UInt64: Completion] = [:]
    /// QoS 0 publications that have not wholly left.
    var departing: Set<UInt64> = []
    /// Topics that the server abbreviates on this connection.
    var topicAliases: [UInt16: TopicName] = [:]
    private let tlsSessions = TLSSessionCache()
    private(set) lazy var acknowledger = Acknowledger(self)

    private var phase = Phase.idle
    private var state = MQTTClient.State.disconnected(nil)
    private var observers: [AsyncStream<MQTTClient.State>.Continuation] = []
    private var endings: [() -> Void] = []
    private var backoff: Backoff
    private var keepsTrying = false
    private var hasConnected = false
    private var connectedSince: MonotonicTime?
    private var timer: EventLoop.TimerID?
    private var keepAlive: KeepAlive?
    private var isReadingPaused = false
    /// Why this side gave the connection up, when `closed` itself cannot tell.
    private var failure: MQTTClientError?

    init(
        _ configuration: MQTTClient.Configuration, loop: EventLoop,
        stateHandler: (@Sendable (MQTTClient.State) -> Void)? = nil
    ) {
        self.configuration = configuration
        self.loop = loop
        self.stateHandler = stateHandler
        backoff = Backoff(configuration.reconnect)
    }

    // MARK: Asked by the program

    /// The channel and what was agreed, while packets may be sent.
    var connection: (channel: ClientChannel, info: MQTTConnectionInfo)? {
        if case .connected(let channel, let info) = phase { (channel, info) } else { nil }
    }

    /// Whether what cannot be sent now may be kept for a connection to come.
    var mayConnectLater: Bool {
        switch phase {
        case .idle: false
        case .connecting, .handshaking, .connected, .waiting: true
        case .ending, .ended: false
        }
    }

    /// The error of a request that finds no connection.
    var absence: MQTTClientError {
        switch phase {
        case .ending, .ended: .ended
        default: .notConnected
        }
    }

    func connect(_ request: UInt64, _ completion: Completion) {
        switch phase {
        case .connected(_, let info):
            if case .connected(let completion) = completion { completion(.success(info)) }
        case .ending, .ended: completion.fail(.ended)
        case .connecting, .handshaking: completions[request] = completion
        case .waiting(let timer):
            loop.cancel(timer)
            completions[request] = completion
            attempt()
        case .idle:
            completions[request] = completion
            attempt()
        }
    }

    func start() {
        keepsTrying = configuration.reconnect.isEnabled
        if case .idle = phase { attempt() }
    }

    func cancel(_ request: UInt64) {
        completions.removeValue(forKey: request)?.fail(.cancelled)
    }

    func observe(_ observer: AsyncStream<MQTTClient.State>.Continuation) {
        observer.yield(state)
        if case .ended = phase { observer.finish() } else { observers.append(observer) }
    }

    func end(_ manner: Ending, _ completion: @escaping () -> Void) {
        if case .ended = phase { return completion() }
        endings.append(completion)
        keepsTrying = false
        switch (phase, manner) {
        case (.connected(let channel, _), .disconnect(let reason)):
            phase = .ending(channel)
            sendDisconnect(reason, on: channel)
            channel.closeAfterFlush()
        case (.connected(let channel, _), .abort), (.handshaking(let channel), _), (.ending(let channel), .abort):
            phase = .ending(channel)
            channel.close()
        case (.ending, .disconnect): break
        case (.connecting(let connector), _):
            connector.cancel()
            finish()
        case (.waiting(let timer), _):
            loop.cancel(timer)
            finish()
        case (.idle, _), (.ended, _): finish()
        }
    }

    private func finish() {
        stopTimer()
        phase = .ended
        failRequests(.ended)
        publish(state: .ended)
        for observer in observers { observer.finish() }
        observers = []
        if case .buffer(let buffer) = delivery { buffer.end() }
        delivery = .none
        let endings = endings
        self.endings = []
        for ending in endings { ending() }
    }

    // MARK: Connecting

    private func attempt() {
        publish(state: .connecting)
        failure = nil
        let connector = Connector(
            host: configuration.host, port: configuration.port, timeout: configuration.connectTimeout, loop: loop)
        phase = .connecting(connector)
        connector.start { [self] result in
            switch consume result {
            case .success(let socket): handshake(over: socket)
            case .failure(let error): attemptFailed(.transport(error))
            }
        }
    }

    private func handshake(over socket: consuming Descriptor) {
        let channel = ClientChannel(
            stream(over: socket), core: self, version: configuration.version,
            maximumPacketSize: configuration.maximumPacketSize, payloadReceivers: configuration.payloadReceivers)
        phase = .handshaking(channel)
        isReadingPaused = false
        topicAliases = [:]
        do {
            try sendConnect(on: channel)
            try channel.start()
        } catch let error as TransportError {
            return attemptFailed(.transport(error))
        } catch let error as PacketError {
            return attemptFailed(.invalid(error))
        } catch {
            return attemptFailed(.notConnected)
        }
        let limit = configuration.connectTimeout
        timer = loop.schedule(after: limit) { [weak self] in self?.giveUp(.timedOut(.connack, after: limit)) }
    }

    private func stream(over socket: consuming Descriptor) -> ByteStream {
        guard let tls = configuration.tls else { return ByteStream(plain: socket) }
        return ByteStream(client: tls, serverName: configuration.host, sessions: tlsSessions, socket: socket)
    }

    private func sendConnect(on channel: ClientChannel) throws {
        let version = configuration.version
        var properties = configuration.connectProperties
        if version.hasProperties {
            if configuration.sessionExpiry > 0 {
                try properties.set(.sessionExpiryInterval(configuration.sessionExpiry))
            }
            try properties.set(.receiveMaximum(max(1, configuration.receiveMaximum)))
            let size = UInt32(clamping: configuration.maximumPacketSize)
            if size < MQTTLimits.maximumVariableByteInteger { try properties.set(.maximumPacketSize(max(1, size))) }
            if configuration.topicAliasMaximum > 0 {
                try properties.set(.topicAliasMaximum(configuration.topicAliasMaximum))
            }
        }
        // 5.0 separates beginning a session from ending it; before, one flag says both, and must not change.
        let goesOn = version.hasProperties && hasConnected && configuration.sessionExpiry > 0
        let connect = Connect(
            version: version, clientID: configuration.clientID, cleanStart: configuration.cleanStart && !goesOn,
            keepAlive: UInt16(clamping: configuration.keepAlive.components.seconds), will: configuration.will,
            userName: configuration.userName, password: configuration.password, properties: properties)
        try channel.send { (buffer) throws(PacketError) in
            try connect.encode(in: PacketContext(version: version, direction: .toServer), into: &buffer)
        }
    }

    /// CONNACK came.
    func connackReceived(_ connack: Connack) throws(PacketError) {
        guard case .handshaking(let channel) = phase else {
            throw PacketError(.protocolError, "CONNACK on a connection that stands", "MQTT-3.2.0-2")
        }
        guard !connack.reasonCode.isError else {
            return giveUp(.refused(connack.reasonCode, reason: connack.properties.reasonString))
        }
        let assigned = try connack.properties.assignedClientIdentifier.map { (id) throws(PacketError) in
            try ClientID(id)
        }
        let info = MQTTConnectionInfo(
            sessionPresent: connack.sessionPresent, clientID: assigned ?? configuration.clientID,
            keepAlive: connack.properties.serverKeepAlive.map { .seconds(Int64($0)) } ?? configuration.keepAlive,
            capabilities: ServerCapabilities(connack.properties), properties: connack.properties)
        phase = .connected(channel, info)
        hasConnected = true
        keepsTrying = configuration.reconnect.isEnabled
        connectedSince = loop.now
        stopTimer()
        keepAlive = KeepAlive(interval: info.keepAlive, pingTimeout: configuration.pingTimeout)
        checkKeepAlive()
        publish(state: .connected(info))
        for (request, completion) in completions {
            guard case .connected(let completion) = completion else { continue }
            completions.removeValue(forKey: request)
            completion(.success(info))
        }
        resumeSession(info)
    }

    // MARK: Losing the connection

    /// This side ends the connection; the reason is told instead of what `closed` sees.
    func giveUp(_ error: MQTTClientError) {
        failure = error
        switch phase {
        case .connected(let channel, _), .handshaking(let channel), .ending(let channel): channel.close()
        default: break
        }
    }

    /// Notes why a connection is about to end.
    func connectionFailed(_ error: MQTTClientError) {
        failure = error
    }

    func closed(_ channel: ClientChannel, _ end: ChannelEnd) {
        let error =
            failure
            ?? {
                switch end {
                case .violation(let error): .protocolViolation(error)
                case .tls(let error): .tls(error)
                case .loopStopped: .transport(.loopStopped)
                default: .connectionLost(end.description)
                }
            }()
        failure = nil
        switch phase {
        case .handshaking(let current) where current === channel: attemptFailed(error)
        case .connected(let current, _) where current === channel: connectionEnded(error)
        case .ending(let current) where current === channel: finish()
        default: break
        }
    }

    private func connectionEnded(_ error: MQTTClientError) {
        session.connectionEnded()
        if let connectedSince { backoff.connectionEnded(after: MonotonicTime.now - connectedSince) }
        connectedSince = nil
        for request in departing { completions.removeValue(forKey: request)?.fail(error) }
        departing = []
        attemptFailed(error)
    }

    private func attemptFailed(_ error: MQTTClientError) {
        stopTimer()
        keepAlive = nil
        for (request, completion) in completions {
            guard case .connected(let completion) = completion else { continue }
            completions.removeValue(forKey: request)
            completion(.failure(error))
        }
        guard keepsTrying, error != .transport(.loopStopped) else {
            phase = .idle
            publish(state: .disconnected(error))
            // Nothing will come for those who wait. What is in flight stays in the session, for a connection that the program may make.
            return failRequests(error)
        }
        let delay = backoff.next()
        phase = .waiting(loop.schedule(after: delay) { [weak self] in self?.attempt() })
        publish(state: .waiting(error, retryAfter: delay))
    }

    private func failRequests(_ error: MQTTClientError) {
        let failed = completions
        completions = [:]
        departing = []
        for request in failed.keys.sorted() { failed[request]?.fail(error) }
    }

    private func publish(state: MQTTClient.State) {
        self.state = state
        stateHandler?(state)
        observers.removeAll { observer in
            if case .terminated = observer.yield(state) { true } else { false }
        }
    }

    // MARK: Keep-alive

    private func stopTimer() {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    private func checkKeepAlive() {
        timer = nil
        guard let connection, var keepAlive else { return }
        let action = keepAlive.check(
            now: .now, lastInput: connection.channel.lastInput, lastOutput: connection.channel.lastOutput,
            isReading: !isReadingPaused)
        self.keepAlive = keepAlive
        switch action {
        case .giveUp: giveUp(.timedOut(.pingresp, after: configuration.pingTimeout))
        case .ping:
            send(Pingreq())
            timer = loop.schedule(after: configuration.pingTimeout) { [weak self] in self?.checkKeepAlive() }
        case .wait(let delay):
            timer = loop.schedule(after: delay) { [weak self] in self?.checkKeepAlive() }
        }
    }

    // MARK: Holding the server up

    /// Stops reading while the program has enough to do.
    func pauseReading() {
        guard !isReadingPaused, let connection else { return }
        isReadingPaused = true
        connection.channel.pauseReading()
    }

    func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        connection?.channel.resumeReading()
    }
}
