import CPosix
import MQTTWire

/// One connection of a client: a socket that is never waited for, and the packets on it.
final class Link {
    let number: Int
    let client: Int
    let choice: ConnectChoice
    private var descriptor: Int32
    private var unread: [UInt8] = []
    /// Whether the broker's end was seen, or the client closed.
    private(set) var hasEnded = false
    var isGranted = false
    /// Another connection of the client has taken its place: what comes is what was under way.
    var isReplaced = false
    var isGoingAway = false
    /// The answers that are due, where the client gives none.
    var dueAnswers: [Packet] = []
    var unansweredPings = 0
    /// The reason code of a DISCONNECT.
    var reason: ReasonCode?
    var topics: [UInt16: String] = [:]
    var aliases: [String: UInt16] = [:]

    init?(number: Int, client: Int, choice: ConnectChoice, port: UInt16) {
        self.number = number
        self.client = client
        self.choice = choice
        descriptor = socket(AF_INET, cposix_sock_stream(), 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        guard cposix_connect(descriptor, &address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 else { return nil }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    func close() {
        hasEnded = true
        if descriptor >= 0 { CPosix.close(descriptor) }
        descriptor = -1
    }

    /// Sends a packet; what the broker does not take because it has closed is lost.
    func send(_ packet: Packet) throws {
        guard !hasEnded else { return }
        var bytes: [UInt8] = []
        try packet.encode(in: PacketContext(version: choice.version, direction: .toServer), into: &bytes)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                CPosix.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// The packets that are there.
    func read() throws -> [Packet] {
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while !hasEnded {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                unread += buffer[..<count]
            } else if count < 0, cposix_errno() == EAGAIN {
                break
            } else {
                hasEnded = true
            }
        }
        var packets: [Packet] = []
        let context = PacketContext(version: choice.version, direction: .toClient)
        var offset = 0
        let bytes = unread
        while let (packet, length) = try Packet.decode(bytes.span, at: offset, in: context) {
            packets.append(packet)
            offset += length
        }
        unread.removeFirst(offset)
        return packets
    }
}

/// What a client keeps across connections (section 4.1).
struct ClientState {
    /// A publication that is not wholly acknowledged.
    struct Outgoing {
        let choice: PublishChoice
        let packetID: PacketID
        /// PUBREC came.
        var isReleased = false
    }

    var link: Link?
    var outgoing: [Outgoing] = []
    var received: Set<PacketID> = []
    var nextPacketID = PacketID.first
    var isHolding = false
}
