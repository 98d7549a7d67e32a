import CPosix
import MQTTWire
import Testing

/// A client made of a blocking socket and the packet codec: it does what a test says and nothing by itself.
///
/// `@unchecked Sendable` because a test may lend a peer to one task, and uses it itself only after that.
class Peer: @unchecked Sendable {
    struct Trouble: Error, CustomStringConvertible {
        let description: String
    }

    let version: ProtocolVersion
    private let descriptor: Int32
    private var unread: [UInt8] = []

    /// Connects from 127.0.0.`host`.
    init(port: UInt16, version: ProtocolVersion = .v3_1_1, from host: UInt8 = 1) throws {
        self.version = version
        descriptor = socket(AF_INET, cposix_sock_stream(), 0)
        guard descriptor >= 0 else { throw Trouble(description: "no socket") }
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = (UInt32(0x7F00_0000) + UInt32(host)).bigEndian
        guard cposix_bind(descriptor, &address, length) == 0 else {
            throw Trouble(description: "no connection from 127.0.0.\(host)")
        }
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        guard cposix_connect(descriptor, &address, length) == 0 else {
            throw Trouble(description: "cannot connect to port \(port)")
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    // MARK: Sending

    func send(_ packets: Packet...) throws {
        var bytes: [UInt8] = []
        for packet in packets {
            try packet.encode(in: PacketContext(version: version, direction: .toServer), into: &bytes)
        }
        try send(bytes: wrapped(bytes))
    }

    func send(bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                CPosix.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Trouble(description: "the broker takes no more bytes") }
            rest = rest.dropFirst(count)
        }
    }

    /// What packets are wrapped into on their way.
    func wrapped(_ bytes: [UInt8]) -> [UInt8] { bytes }

    /// Breaks the connection without DISCONNECT.
    func drop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    // MARK: Receiving

    /// The next packet; `nil` when the broker closed the connection.
    func next(within seconds: Int = 10) throws -> Packet? {
        while true {
            let bytes = unread
            let context = PacketContext(version: version, direction: .toClient)
            if let found = try Packet.decode(bytes.span, in: context) {
                unread.removeFirst(found.length)
                return found.packet
            }
            guard try read(within: .seconds(seconds)) else { return nil }
        }
    }

    /// True if no packet comes for a while.
    func isSilent(for milliseconds: Int = 150) throws -> Bool {
        guard unread.isEmpty else { return false }
        do {
            return try !read(within: .milliseconds(milliseconds))
        } catch is Timeout {
            return true
        }
    }

    /// Reads until the broker closes the connection; returns the last packet before that.
    func last() throws -> Packet? {
        var last: Packet?
        while let packet = try next() { last = packet }
        return last
    }

    /// Reads until the broker closes the connection; returns what the DISCONNECT before that says.
    func lastReason() throws -> ReasonCode? {
        if case .disconnect(let disconnect) = try last() { disconnect.reasonCode } else { nil }
    }

    /// So many bytes, whatever packets they are.
    func nextBytes(_ count: Int) throws -> [UInt8] {
        while unread.count < count, try read(within: .seconds(10)) {}
        defer { unread.removeFirst(min(count, unread.count)) }
        return Array(unread.prefix(count))
    }

    /// All bytes until the broker closes the connection.
    func rest() throws -> [UInt8] {
        while try read(within: .seconds(10)) {}
        defer { unread = [] }
        return unread
    }

    private struct Timeout: Error {}

    private func read(within limit: Duration) throws -> Bool {
        guard let bytes = try unwrapped(within: limit) else { return false }
        unread += bytes
        return true
    }

    /// More bytes of packets; `nil` when no more follow.
    func unwrapped(within limit: Duration) throws -> [UInt8]? { try receive(within: limit) }

    /// What comes next on the socket; `nil` when the broker closed the connection.
    final func receive(within limit: Duration = .seconds(10)) throws -> [UInt8]? {
        let (seconds, attoseconds) = limit.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count > 0 { return Array(buffer[..<count]) }
        if count < 0, cposix_errno() == EAGAIN { throw Timeout() }
        return nil
    }
}

// MARK: What tests say often

extension Peer {
    /// Connects and expects to be let in.
    @discardableResult
    func connect(
        _ clientID: String, cleanStart: Bool = true, keepAlive: UInt16 = 0, will: Will? = nil,
        userName: String? = nil, password: [UInt8]? = nil, properties: [Property] = []
    ) throws -> Connack {
        let connack = try connectAnswer(
            clientID, cleanStart: cleanStart, keepAlive: keepAlive, will: will, userName: userName,
            password: password, properties: properties)
        #expect(connack.reasonCode == .success)
        return connack
    }

    func connectAnswer(
        _ clientID: String, cleanStart: Bool = true, keepAlive: UInt16 = 0, will: Will? = nil,
        userName: String? = nil, password: [UInt8]? = nil, properties: [Property] = []
    ) throws -> Connack {
        try send(
            .connect(
                Connect(
                    version: version, clientID: try ClientID(clientID), cleanStart: cleanStart, keepAlive: keepAlive,
                    will: will, userName: userName, password: password, properties: try Properties(properties))))
        guard case .connack(let connack) = try next() else { throw Trouble(description: "no CONNACK") }
        return connack
    }

    @discardableResult
    func subscribe(
        _ filters: String..., qos: QoS = .atLeastOnce, options: SubscriptionOptions? = nil, identifier: Int? = nil,
        packetID: UInt16 = 1
    ) throws -> [ReasonCode] {
        let subscriptions = try filters.map {
            Subscription(try TopicFilter($0, version: version), options ?? SubscriptionOptions(qos))
        }
        try send(
            .subscribe(
                Subscribe(
                    packetID: try PacketID(packetID), subscriptions: subscriptions,
                    properties: try Properties(identifier.map { [.subscriptionIdentifier($0)] } ?? []))))
        guard case .suback(let suback) = try next() else { throw Trouble(description: "no SUBACK") }
        return suback.reasonCodes
    }

    func publish(
        _ topic: String, _ payload: String = "", qos: QoS = .atMostOnce, retain: Bool = false, packetID: UInt16 = 1,
        isDuplicate: Bool = false, properties: [Property] = []
    ) throws {
        try publish(
            topic, bytes: [UInt8](payload.utf8), qos: qos, retain: retain, packetID: packetID,
            isDuplicate: isDuplicate, properties: properties)
    }

    func publish(
        _ topic: String, bytes: [UInt8], qos: QoS = .atMostOnce, retain: Bool = false, packetID: UInt16 = 1,
        isDuplicate: Bool = false, properties: [Property] = []
    ) throws {
        let head = PublishHead(
            flags: PublishFlags(qos: qos, isDuplicate: isDuplicate, retain: retain),
            topic: topic.isEmpty ? nil : try TopicName(topic),
            packetID: qos == .atMostOnce ? nil : try PacketID(packetID), properties: try Properties(properties))
        try send(.publish(Publish(head: head, payload: bytes)))
    }

    /// Publishes at QoS 1 and waits for PUBACK.
    @discardableResult
    func publishAcknowledged(
        _ topic: String, _ payload: String = "", retain: Bool = false, properties: [Property] = []
    ) throws -> ReasonCode {
        try publish(topic, payload, qos: .atLeastOnce, retain: retain, properties: properties)
        return try nextPuback().reasonCode
    }

    func nextPublish() throws -> Publish {
        let packet = try next()
        guard case .publish(let publish) = packet else {
            throw Trouble(description: "\(String(describing: packet)) instead of PUBLISH")
        }
        return publish
    }

    func nextPuback() throws -> Puback {
        let packet = try next()
        guard case .puback(let puback) = packet else {
            throw Trouble(description: "\(String(describing: packet)) instead of PUBACK")
        }
        return puback
    }

    /// PINGREQ and its answer: whatever the broker did before is done.
    func ping() throws {
        try send(.pingreq(Pingreq()))
        guard case .pingresp = try next() else { throw Trouble(description: "no PINGRESP") }
    }

    /// Answers a QoS 1 PUBLISH.
    func acknowledge(_ publish: Publish) throws {
        guard let packetID = publish.head.packetID else { return }
        try send(.puback(Puback(packetID: packetID)))
    }
}

extension Publish {
    var text: String { String(decoding: payload, as: UTF8.self) }
    var topicText: String { head.topic?.text ?? "" }
}
