import CPosix
import Glibc
import MQTTBroker
import MQTTWire
import Synchronization
import Testing

/// How many connections there may be, and what happens when everybody comes at once.
@Suite(.serialized)
struct ConnectionLimitTests {
    /// The 5,000 where somebody asks for them, else less.
    private static let stormSize = getenv("OVERLOAD_FULL_SIZE") == nil ? 1500 : 5000

    @Test("A storm of connects: all get in, and who is in goes on")
    func storm() async throws {
        try await withBroker { broker, port in
            let bystander = try Peer(port: port)
            try bystander.connect("bystander")
            let count = Self.stormSize
            let isDone = Mutex(false)
            let storm = try Worker {
                defer { isDone.withLock { $0 = true } }
                // All are there before the first is answered.
                let peers = try (0..<count).map { index in
                    let peer = try Peer(port: port)
                    try peer.send(.connect(Connect(clientID: try ClientID("s\(index)"))))
                    return peer
                }
                for peer in peers {
                    guard try peer.next() == .connack(Connack(reasonCode: .success)) else {
                        throw Peer.Trouble(description: "refused")
                    }
                }
                guard broker.snapshot.clients == count + 1 else { throw Peer.Trouble(description: "some are gone") }
            }
            var answers = 0
            while !isDone.withLock({ $0 }) {
                try bystander.ping()
                answers += 1
            }
            try storm.finish()
            // Held up until the storm's end, it would have had one or two.
            #expect(answers > 3)
            try eventually("they have left") { broker.snapshot.clients == 1 && broker.snapshot.unauthenticated == 0 }
            #expect(broker.snapshot.clientsMaximum == count + 1)
        }
    }

    @Test("One more than an address may have is closed at once; others, and later ones, get in")
    func byAddress() async throws {
        try await withBroker(limits: { $0.connectionsPerAddress = 3 }) { broker, port in
            let peers = try (0..<3).map { index in
                let peer = try Peer(port: port)
                try peer.connect("c\(index)")
                return peer
            }
            #expect(throws: (any Error).self) { try Peer(port: port).connect("c3") }
            #expect(broker.snapshot.connectionsRefused == 1)
            try Peer(port: port, from: 2).connect("elsewhere")
            peers[0].drop()
            try eventually("it is gone") { broker.snapshot.clients == 2 }
            try Peer(port: port).connect("c3")
            for peer in peers[1...] { try peer.ping() }
        }
    }

    @Test func altogether() async throws {
        try await withBroker(limits: { $0.connections = 3 }) { broker, port in
            // Half-open ones count.
            let silent = try Peer(port: port)
            try eventually("it is accepted") { broker.snapshot.accepted == 1 }
            let peers = try (0..<2).map { index in
                let peer = try Peer(port: port)
                try peer.connect("c\(index)")
                return peer
            }
            #expect(throws: (any Error).self) { try Peer(port: port, from: 2).connect("one too many") }
            #expect(broker.snapshot.connectionsRefused == 1)
            silent.drop()
            try eventually("it is gone") { broker.snapshot.connections == 2 }
            try Peer(port: port, from: 2).connect("now")
            for peer in peers { try peer.ping() }
        }
    }

    @Test("Without descriptors accepting pauses and nothing else does; it goes on when there are some")
    func descriptors() async throws {
        // In a process of its own, whose descriptors are nobody else's.
        await #expect(processExitsWith: .success) {
            try await withBroker { broker, port in
                let inside = try Peer(port: port)
                try inside.connect("inside")
                let other = try Peer(port: port)
                try other.connect("other")
                try other.subscribe("t", qos: .atMostOnce)
                // Sockets of clients first; then all that is left is taken, whatever was inherited, but for two.
                let sockets = try (0..<6).map { _ in try PreparedSocket() }
                var limits = rlimit()
                getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
                let before = limits.rlim_cur
                limits.rlim_cur = rlim_t((sockets.map(\.descriptor).max() ?? 0) + 8)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
                var taken: [Int32] = []
                while case let descriptor = open("/dev/null", O_RDONLY), descriptor >= 0 { taken.append(descriptor) }
                for descriptor in taken.suffix(2) { close(descriptor) }
                for socket in sockets { try socket.connect(to: port) }
                try eventually("accepting pauses") { broker.snapshot.descriptorPauses > 1 }
                let accepted = broker.snapshot.accepted
                guard accepted < 8 else { exit(2) }
                for index in 0..<20 {
                    try inside.publish("t", "\(index)")
                    guard try other.nextPublish().text == "\(index)" else { exit(3) }
                }
                limits.rlim_cur = before
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
                try eventually("the rest are accepted") { broker.snapshot.accepted == 8 }
                guard broker.snapshot.accepted == 8 else { exit(4) }
            }
            exit(0)
        }
    }
}

/// A client's socket that takes its descriptor before it connects.
private final class PreparedSocket {
    let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, cposix_sock_stream(), 0)
        guard descriptor >= 0 else { throw Peer.Trouble(description: "no socket") }
    }

    deinit { close(descriptor) }

    func connect(to port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        guard cposix_connect(descriptor, &address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 else {
            throw Peer.Trouble(description: "cannot connect")
        }
    }
}
