import Logging
import MQTTWire

extension Shard {
    /// Accepts on this loop, and deals the connections to all loops in turn: whatever a handshake costs is spread.
    func listen(_ listener: Listener, _ configured: BrokerConfiguration.Listener) throws(TransportError) {
        listeners.append(listener)
        var next = index
        listener.whenExhausted = { [unowned self] in counters.add(1, to: .descriptorPauses) }
        try listener.start { [unowned self] socket, address in
            guard let place = core.unauthenticated.enter(from: address.origin) else {
                counters.add(1, to: .connectionsRefused)
                return
            }
            let stream = HandedOverStream(stream(over: socket, configured))
            post(to: next) { $0.receive(stream, from: address, place) }
            next = (next + 1) % core.loopCount
            if core.unauthenticated.isFull { pauseAccepting() }
        }
    }

    private func stream(
        over socket: consuming Descriptor, _ configured: BrokerConfiguration.Listener
    ) -> ByteStream {
        let stream =
            if let context = core.currentContext(insteadOf: configured.tls) {
                ByteStream(server: context, socket: socket)
            } else {
                ByteStream(plain: socket)
            }
        guard let policy = configured.webSocket else { return stream }
        return ByteStream(webSocketServer: policy, over: stream)
    }

    /// Accepts nothing more until a stranger is let in or gone. All listeners are on this loop.
    private func pauseAccepting() {
        counters.add(1, to: .acceptPauses)
        if lastPauseWarning.map({ loop.now - $0 >= Self.pauseWarningInterval }) ?? true {
            lastPauseWarning = loop.now
            core.logger.warning(
                "accepting pauses: too many connections without a granted CONNECT",
                metadata: ["connections": "\(core.unauthenticated.counts.all)"])
        }
        for listener in listeners { listener.pause() }
        core.unauthenticated.whenNotFull { [self] in
            post { shard in
                for listener in shard.listeners { listener.resume() }
            }
        }
    }

    private func receive(
        _ stream: HandedOverStream, from address: SocketAddress, _ place: UnauthenticatedConnections.Place
    ) {
        guard !isStopping else { return }
        Arrival(stream, address: address, place: place, shard: self)?.begin()
    }

    /// Takes a connection whose CONNECT says that its session lives here.
    func admit(_ stream: HandedOverStream, _ greeting: Greeting) {
        guard !isStopping else { return }
        Connection(stream, greeting, shard: self)?.begin()
    }

    // MARK: Budget

    /// Reads on from the connection in a while: by then there is room, or its next publications displace older ones.
    func waitForBudget(_ connection: Connection) {
        waitingForBudget.append(connection)
        guard budgetTimer == nil else { return }
        budgetTimer = loop.schedule(after: .milliseconds(50)) { [unowned self] in
            budgetTimer = nil
            let waiting = waitingForBudget
            waitingForBudget = []
            for connection in waiting { connection.releaseForBudget() }
        }
    }

    // MARK: The end

    /// Ends every connection; `whenEmpty` is called when the last is gone, or after `patience`.
    func shutDown(patience: Duration, whenEmpty: @escaping @Sendable () -> Void) {
        isStopping = true
        self.whenEmpty = whenEmpty
        for listener in listeners { listener.close() }
        listeners = []
        for arrival in Array(arrivals.values) { arrival.close() }
        for connection in Array(connections.values) { connection.end(.shutdown, sending: .serverShuttingDown) }
        checkEmpty()
        loop.schedule(after: patience) { [unowned self] in stopWaiting() }
    }

    /// Closes what has not gone by itself, and parts from the other loops: the references between them would keep all alive.
    func part() {
        for connection in Array(connections.values) { connection.close(as: .shutdown) }
        peers = []
    }

    /// Tells whoever stops the broker when the last connection is gone.
    func checkEmpty() {
        if isStopping, connections.isEmpty, arrivals.isEmpty { stopWaiting() }
    }

    private func stopWaiting() {
        whenEmpty?()
        whenEmpty = nil
    }
}
