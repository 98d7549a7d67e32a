import FuzzSupport
import Glibc
import MQTTWire

/// The client's end of one connection, without a will of its own: it knows what it sent, and looks at what comes.
final class Party {
    private var descriptor: Int32
    private var sent: [UInt8] = []
    private var received: [UInt8] = []
    /// The version that the broker answers in; `nil`: what was sent so far is no CONNECT.
    private var spoken: ProtocolVersion?
    private var isDecided = false
    /// Whether it takes what comes, and answers as it should.
    var isAcknowledging = false

    init(_ bench: Bench) { descriptor = bench.connect() }

    deinit { close() }

    var version: ProtocolVersion { spoken ?? .v5_0 }

    func send(_ bytes: [UInt8]) {
        guard descriptor >= 0, !bytes.isEmpty else { return }
        // What finds no room is lost: the input had its chance.
        let count = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if !isDecided, count > 0 {
            sent += bytes[..<count]
            decide()
        }
    }

    /// Finds out, as the broker does, which version the connection speaks.
    private func decide() {
        let sent = sent
        do throws(PacketError) {
            guard let (packet, _) = try Packet.decode(sent.span, in: .beforeConnect) else { return }
            if case .connect(let connect) = packet { spoken = connect.version }
        } catch {
            spoken = error.version
        }
        isDecided = true
        self.sent = []
    }

    /// Sends no more.
    func finish() {
        if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_WR)) }
    }

    func close() {
        receive()
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    /// Looks at what the broker sent.
    func receive() {
        guard descriptor >= 0 else { return }
        received += read(descriptor).bytes
        guard !received.isEmpty else { return }
        guard let spoken else {
            // A packet that announces too much is refused before it is known what it says.
            check(received.isEmpty || !isDecided, "an answer to who does not speak MQTT: \(received)")
            return
        }
        for packet in packets(in: &received, spoken) where isAcknowledging {
            if let answer = packet.answer { send(answer.bytes(spoken)) }
        }
    }
}

/// A subscriber that keeps to the rules: nobody else may cost it its connection.
final class Observer {
    static let userName = "\u{1F441} watches"

    private let name: String
    private let version: ProtocolVersion
    private var descriptor: Int32
    private var received: [UInt8] = []
    private var pongs = 0
    private var isSubscribed = false
    private var inFlight: Set<PacketID> = []
    private let maximumInFlight: Int
    private let maximumSize: Int

    init(_ bench: Bench, _ name: String, version: ProtocolVersion, qos: QoS, properties: [Property]) {
        self.name = name
        self.version = version
        descriptor = bench.connect(to: 1)
        do {
            let properties = try Properties(properties)
            maximumInFlight = properties.receiveMaximum.map { Int($0) } ?? .max
            maximumSize = properties.maximumPacketSize.map { Int($0) } ?? .max
            send(
                .connect(
                    Connect(
                        version: version, clientID: try ClientID(name), keepAlive: 0, userName: Self.userName,
                        properties: properties)))
            for _ in 0..<4 { bench.turn() }
            send(
                .subscribe(
                    Subscribe(
                        packetID: .first, subscriptions: [Subscription(try TopicFilter("#"), SubscriptionOptions(qos))])
                ))
        } catch {
            fatalError("\(error)")
        }
    }

    deinit { close(descriptor) }

    private func send(_ packet: Packet) {
        let bytes = packet.bytes(version)
        _ = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Takes what there is, and answers it; returns whether there was anything.
    @discardableResult
    func receive() -> Bool {
        let (bytes, hasEnded) = read(descriptor)
        check(!hasEnded, "\(name) was disconnected: \(received) \(bytes)")
        received += bytes
        for packet in packets(in: &received, version) {
            check(packet.bytes(version).count <= maximumSize, "\(packet) is too large for \(name)")
            switch packet {
            case .suback: isSubscribed = true
            case .pingresp: pongs += 1
            case .disconnect: fatalError("\(name) was disconnected: \(packet)")
            case .publish(let publish):
                guard let packetID = publish.head.packetID else { break }
                check(inFlight.insert(packetID).inserted, "packet id \(packetID) twice to \(name)")
                check(inFlight.count <= maximumInFlight, "\(inFlight.count) at once to \(name)")
            default: break
            }
            guard let answer = packet.answer else { continue }
            switch answer {
            case .puback(let puback): inFlight.remove(puback.packetID)
            case .pubcomp(let pubcomp): inFlight.remove(pubcomp.packetID)
            default: break
            }
            send(answer)
        }
        return !bytes.isEmpty
    }

    /// It is still served.
    func checkAlive(_ bench: Bench) {
        let before = pongs
        send(.pingreq(Pingreq()))
        bench.settle([self])
        check(isSubscribed && pongs == before + 1, "\(name) gets no answer")
    }

    func leave() {
        send(.disconnect(Disconnect()))
        close(descriptor)
        descriptor = -1
    }
}

private func read(_ descriptor: Int32) -> (bytes: [UInt8], hasEnded: Bool) {
    var bytes: [UInt8] = []
    while true {
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { bytes += buffer[..<count] }
            return count
        }
        guard count > 0 else { return (bytes, count == 0) }
    }
}

/// The whole packets at the beginning, each of which must be one that a server may send.
private func packets(in bytes: inout [UInt8], _ version: ProtocolVersion) -> [Packet] {
    var packets: [Packet] = []
    do {
        while let (packet, length) = try decode(bytes, version) {
            packets.append(packet)
            bytes.removeFirst(length)
        }
    } catch {
        fatalError("the broker sent what is no packet: \(error); \(bytes)")
    }
    return packets
}

private func decode(_ bytes: [UInt8], _ version: ProtocolVersion) throws -> (packet: Packet, length: Int)? {
    try Packet.decode(bytes.span, in: PacketContext(version: version, direction: .toClient))
}

extension Packet {
    /// What a client that keeps to the rules says to it.
    fileprivate var answer: Packet? {
        switch self {
        case .publish(let publish):
            guard let packetID = publish.head.packetID else { return nil }
            return publish.head.flags.qos == .atLeastOnce
                ? .puback(Puback(packetID: packetID)) : .pubrec(Pubrec(packetID: packetID))
        case .pubrec(let pubrec): return pubrec.reasonCode.isError ? nil : .pubrel(Pubrel(packetID: pubrec.packetID))
        case .pubrel(let pubrel): return .pubcomp(Pubcomp(packetID: pubrel.packetID))
        default: return nil
        }
    }

    func bytes(_ version: ProtocolVersion) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            try encode(in: PacketContext(version: version, direction: .toServer), into: &bytes)
        } catch {
            // Of the other direction: the length is what counts.
            try? encode(in: PacketContext(version: version, direction: .toClient), into: &bytes)
        }
        return bytes
    }
}
