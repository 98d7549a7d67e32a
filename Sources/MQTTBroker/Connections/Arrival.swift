import Logging
import MQTTWire

/// A connection that has not sent CONNECT: it is read by whatever loop it was dealt to, until its client id tells where it belongs.
final class Arrival: PacketChannel {
    private let shard: Shard
    private let address: SocketAddress
    /// Its place among the unauthenticated connections; in a connection's hands once CONNECT has come.
    private let place: UnauthenticatedConnections.Place
    private var deadline: MonotonicTime
    private var timer: EventLoop.TimerID?
    /// The CONNECT, once it came.
    private var greeting: Greeting?

    init?(
        _ stream: HandedOverStream, address: SocketAddress, place: UnauthenticatedConnections.Place, shard: Shard
    ) {
        self.shard = shard
        self.address = address
        self.place = place
        deadline = place.since + shard.core.limits.connectTimeout
        super.init(
            stream, loop: shard.loop, context: .beforeConnect, maximumPacketSize: shard.core.limits.maximumConnectSize)
    }

    /// Begins to wait for CONNECT, or for its turn.
    func begin() {
        let number = place.number
        shard.arrivals[number] = self
        shard.counters.add(1, to: .accepted)
        shard.counters.add(1, to: .connections)
        startTimer()
        let mustWait = shard.core.unauthenticated.wait(
            for: place, untilTurn: { [shard] in shard.post { $0.arrivals[number]?.turnHasCome() } })
        if !mustWait { read() }
    }

    /// Others of its address are done. Whoever used the time of waiting to send gets the time that it lacked.
    private func turnHasCome() {
        if hasUnreadInput {
            deadline = .now + shard.core.limits.connectTimeout
            startTimer()
        }
        read()
    }

    private func read() {
        do {
            try start()
        } catch {
            // [MQTT3-4.8.0-2]
            shard.core.logger.warning("a connection was given up", metadata: ["reason": "\(error)"])
            close()
        }
    }

    private func startTimer() {
        if let timer { shard.loop.cancel(timer) }
        timer = shard.loop.schedule(after: deadline - .now) { [unowned self] in
            timer = nil
            shard.counters.add(1, to: .connectTimeouts)
            close()
        }
    }

    override func received(_ header: FixedHeader, body: Span<UInt8>) throws(PacketError) {
        // The first packet is CONNECT [MQTT-3.1.0-1].
        guard header.type == .connect else {
            throw PacketError(.protocolError, "\(header.type) before CONNECT", "MQTT-3.1.0-1")
        }
        var connect = try Connect(header: header, body: body, in: .beforeConnect)
        let isAssigned = connect.clientID.isEmpty
        // A client without an id gets one that nobody else has [MQTT-3.1.3-6].
        if isAssigned { connect.clientID = try ClientID(Self.freshClientID()) }
        greeting = Greeting(
            connect: connect, isClientIDAssigned: isAssigned, address: address, isEncrypted: isEncrypted,
            peerCertificate: peerCertificate, place: place, deadline: deadline, packetLength: header.packetLength)
        handOver()
    }

    override func handedOver(_ stream: HandedOverStream) {
        forget()
        guard let greeting else { return }
        let home = shard.core.home(of: greeting.connect.clientID)
        if home == shard.index {
            shard.admit(stream, greeting)
        } else {
            shard.post(to: home) { $0.admit(stream, greeting) }
        }
    }

    override func receivedPublish(
        _ layout: PublishLayout, head: Span<UInt8>, payload: SharedBytes
    ) throws(PacketError) {
        throw PacketError(.protocolError, "PUBLISH before CONNECT", "MQTT-3.1.0-1")
    }

    /// A CONNECT that could be read so far that its version is known is answered if that version has words for it [MQTT-3.1.4-2]; anything else is not.
    override func violated(_ error: PacketError) {
        shard.counters.add(1, to: .protocolErrors)
        shard.core.logger.info(
            "a CONNECT was refused", metadata: ["address": "\(address)", "reason": "\(error)"])
        // [MQTT3-3.1.4-1, MQTT3-3.2.2-6]
        guard let version = error.version, version.hasReasonCodes || error.code.connectReturnCode != nil else {
            return close(.violation(error))
        }
        shard.counters.add(1, to: .refused)
        let connack = Connack(reasonCode: error.code)
        do {
            try send { (buffer) throws(PacketError) in
                try connack.encode(in: PacketContext(version: version, direction: .toClient), into: &buffer)
            }
            closeAfterFlush()
        } catch {
            close(.violation(error))
        }
    }

    override func closed(_ end: ChannelEnd) {
        switch end {
        case .tls(let error):
            shard.counters.add(1, to: .tlsFailures)
            shard.core.logger.info(
                "a TLS handshake failed", metadata: ["address": "\(address)", "reason": "\(error)"])
        case .webSocket(let error):
            shard.counters.add(1, to: .webSocketFailures)
            shard.core.logger.info(
                "a WebSocket connection was refused", metadata: ["address": "\(address)", "reason": "\(error)"])
        default: break
        }
        place.connectionClosed()
        forget()
    }

    private func forget() {
        if let timer { shard.loop.cancel(timer) }
        timer = nil
        guard shard.arrivals.removeValue(forKey: place.number) != nil else { return }
        shard.counters.add(-1, to: .connections)
        shard.checkEmpty()
    }

    private static func freshClientID() -> String {
        var generator = SystemRandomNumberGenerator()
        let (high, low) = (generator.next(), generator.next())
        return "auto-" + String(high, radix: 36) + String(low, radix: 36)
    }
}

/// A CONNECT on its way to the loop where its session lives.
final class Greeting: Sendable {
    let connect: Connect
    let isClientIDAssigned: Bool
    let address: SocketAddress
    let isEncrypted: Bool
    let peerCertificate: PeerCertificate?
    let place: UnauthenticatedConnections.Place
    /// When the CONNECT has to be decided.
    let deadline: MonotonicTime
    /// The bytes of the CONNECT.
    let packetLength: Int

    init(
        connect: Connect, isClientIDAssigned: Bool, address: SocketAddress, isEncrypted: Bool,
        peerCertificate: PeerCertificate?, place: UnauthenticatedConnections.Place, deadline: MonotonicTime,
        packetLength: Int
    ) {
        self.connect = connect
        self.isClientIDAssigned = isClientIDAssigned
        self.address = address
        self.isEncrypted = isEncrypted
        self.peerCertificate = peerCertificate
        self.place = place
        self.deadline = deadline
        self.packetLength = packetLength
    }
}

extension ConnectRefusal {
    var reasonCode: ReasonCode {
        switch self {
        case .badUserNameOrPassword: .badUserNameOrPassword
        case .notAuthorized: .notAuthorized
        case .identifierRejected: .clientIdentifierNotValid
        case .serverUnavailable: .serverUnavailable
        case .serverBusy: .serverBusy
        case .banned: .banned
        case .connectionRateExceeded: .connectionRateExceeded
        }
    }
}
