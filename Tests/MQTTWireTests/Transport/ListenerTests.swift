import CPosix
import Foundation
import MQTTWire
import Synchronization
import Testing

@Suite("Listening and connecting", .timeLimit(.minutes(1)))
struct ListenerTests {
    @Test("Port 0 becomes a real one, on IPv4, IPv6 and by name", arguments: ["127.0.0.1", "::1", "localhost", ""])
    func anyPort(host: String) async throws {
        let loop = try EventLoop()
        let socket = try ListeningSocket(host: host, port: 0)
        let port = socket.address.port
        #expect(port != 0)
        #expect(socket.address.host == (host == "::1" ? "::1" : host.isEmpty ? "0.0.0.0" : socket.address.host))
        let target = host.isEmpty ? "127.0.0.1" : host
        let peers = Mutex<[SocketAddress]>([])
        let listener = Mutex<LoopBound<Listener>?>(nil)
        let box = SocketBox(socket)
        loop.execute {
            guard let socket = box.take() else { return }
            let made = Listener(socket, loop: loop)
            listener.withLock { $0 = LoopBound(made, to: loop) }
            do {
                try made.start { _, peer in peers.withLock { $0.append(peer) } }
            } catch {
                Issue.record(error)
            }
        }
        let connected = try await connect(to: target, port, on: loop)
        #expect(connected == nil)
        try await eventually("the connection is accepted") { peers.withLock { $0.count } == 1 }
        #expect(peers.withLock { $0 }.first?.host == (host == "::1" ? "::1" : "127.0.0.1"))
        let bound = listener.withLock { $0 }
        loop.execute { bound?.value.close() }
        try await eventually("the port is free again") {
            (try? ListeningSocket(host: target, port: port)) != nil
        }
        loop.stop()
        loop.join()
    }

    @Test("A listener that pauses in the midst of accepting leaves the rest in the backlog until it resumes")
    func pausing() async throws {
        let loop = try EventLoop()
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        let port = socket.address.port
        let accepted = Mutex(0)
        let listener = Mutex<LoopBound<Listener>?>(nil)
        let box = SocketBox(socket)
        loop.execute {
            guard let socket = box.take() else { return }
            let made = Listener(socket, loop: loop)
            listener.withLock { $0 = LoopBound(made, to: loop) }
            do {
                try made.start { [unowned made] _, _ in
                    accepted.withLock { $0 += 1 }
                    made.pause()
                }
            } catch {
                Issue.record(error)
            }
        }
        let clients = try (0..<3).map { _ in try LoopbackSocket(connectedTo: port) }
        for count in 1...3 {
            try await eventually("one more is accepted") { accepted.withLock { $0 } >= count }
            // Whatever it was about to accept, it has.
            for _ in 0..<3 {
                await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
            }
            #expect(accepted.withLock { $0 } == count)
            let bound = listener.withLock { $0 }
            loop.execute { bound?.value.resume() }
        }
        for client in clients { client.close() }
        loop.stop()
        loop.join()
    }

    @Test("Accepted sockets send small packets at once, hold little unsent, and look for peers that are gone")
    func options() async throws {
        let loop = try EventLoop()
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        let port = socket.address.port
        let found = Mutex<[Int32]?>(nil)
        let box = SocketBox(socket)
        loop.execute {
            guard let socket = box.take() else { return }
            do {
                try Listener(socket, loop: loop).start { accepted, _ in
                    let tcp = Int32(IPPROTO_TCP)
                    let values = [
                        (tcp, TCP_NODELAY), (SOL_SOCKET, SO_KEEPALIVE), (tcp, TCP_KEEPIDLE), (tcp, TCP_KEEPINTVL),
                        (tcp, TCP_KEEPCNT), (tcp, TCP_NOTSENT_LOWAT),
                    ].map { level, option in
                        var value: Int32 = -1
                        var length = socklen_t(MemoryLayout<Int32>.size)
                        getsockopt(accepted.rawValue, level, option, &value, &length)
                        return value
                    }
                    found.withLock { $0 = values }
                }
            } catch {
                Issue.record(error)
            }
        }
        let client = try LoopbackSocket(connectedTo: port)
        try await eventually("the connection is accepted") { found.withLock { $0 } != nil }
        #expect(found.withLock { $0 } == [1, 1, 300, 60, 5, 128 * 1024])
        client.close()
        loop.stop()
        loop.join()
    }

    @Test("Ports make no difference to where an address belongs, hosts do")
    func origins() throws {
        func origin(_ host: String) throws -> SocketAddress.Origin {
            try ListeningSocket(host: host, port: 0).address.origin
        }
        #expect(try origin("127.0.0.1") == origin("127.0.0.1"))
        #expect(try origin("127.0.0.1") != origin("127.0.0.2"))
        #expect(try origin("::1") == origin("::1"))
        // The first 64 bits of ::1 are zero, as an IPv4 address could be.
        #expect(try origin("::1") != origin("0.0.0.0"))
        #expect(try origin("::1") == origin("::"))
    }

    @Test("A port that is taken, a host that is not here, and a name that is none are told apart")
    func errors() throws {
        let taken = try ListeningSocket(host: "127.0.0.1", port: 0)
        let port = taken.address.port
        #expect(throws: TransportError.addressInUse(host: "127.0.0.1", port: port)) {
            _ = try ListeningSocket(host: "127.0.0.1", port: port)
        }
        #expect(throws: TransportError.cannotListen(host: "192.0.2.1", port: 1, SystemErrno(code: EADDRNOTAVAIL))) {
            _ = try ListeningSocket(host: "192.0.2.1", port: 1)
        }
        #expect {
            _ = try ListeningSocket(host: "no host", port: 1)
        } throws: { error in
            guard case TransportError.nameNotResolved(host: "no host", _) = error else { return false }
            return true
        }
    }

    @Test("Connecting to a closed port, to nobody and to a name that is none fails as such")
    func failedConnections() async throws {
        let loop = try EventLoop()
        let port = try ListeningSocket(host: "127.0.0.1", port: 0).address.port
        #expect(
            try await connect(to: "127.0.0.1", port, on: loop)
                == .cannotConnect(host: "127.0.0.1", port: port, SystemErrno(code: ECONNREFUSED)))
        guard case .nameNotResolved(host: "no host", _)? = try await connect(to: "no host", 1, on: loop) else {
            Issue.record("a name that is none was resolved")
            return
        }
        // A full backlog answers no further connection.
        let full = try LoopbackSocket.listening()
        listen(full.descriptor, 0)
        var fillers: [LoopbackSocket] = [try LoopbackSocket(connectedTo: full.localPort)]
        var error: TransportError?
        while error == nil, fillers.count < 8 {
            error = try await connect(to: "127.0.0.1", full.localPort, on: loop, within: .milliseconds(100), keep: true)
            fillers.append(full)
        }
        #expect(error == .connectTimedOut(host: "127.0.0.1", port: full.localPort, after: .milliseconds(100)))
        full.close()
        loop.stop()
        loop.join()
    }

    @Test("Without descriptors accepting pauses, and goes on when there are some again")
    func outOfDescriptors() async {
        // In a process of its own: the limit is the process's.
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let accepted = Mutex<[Int32]>([])
            let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
            let port = socket.address.port
            let box = SocketBox(socket)
            loop.execute {
                guard let socket = box.take() else { return }
                try? Listener(socket, loop: loop).start { connection, _ in
                    let raw = connection.release()
                    accepted.withLock { $0.append(raw) }
                }
            }
            // Above what this process has inherited.
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap(UInt.init)
            let most = (open.max() ?? 0) + 48
            var limit = rlimit(rlim_cur: most, rlim_max: most)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            // The loop is held while the clients take all descriptors: they wait in the backlog, and none is left to accept them.
            let isHeld = Mutex(false)
            let isFull = Mutex(false)
            loop.execute {
                isHeld.withLock { $0 = true }
                while !isFull.withLock({ $0 }) { usleep(1000) }
            }
            try await eventually("the loop is held") { isHeld.withLock { $0 } }
            var clients: [LoopbackSocket] = []
            while let client = try? LoopbackSocket(connectedTo: port) { clients.append(client) }
            #expect(clients.count > 20)
            isFull.withLock { $0 = true }
            // After two more turns the loop has tried in vain.
            for _ in 0..<2 {
                await withCheckedContinuation { continuation in loop.execute { continuation.resume() } }
            }
            #expect(accepted.withLock { $0.isEmpty })
            for client in clients.suffix(20) { client.close() }
            try await eventually("the waiting are accepted") { !accepted.withLock { $0.isEmpty } }
            // A thread that still runs while the process exits may find the runtime half gone.
            loop.stop()
            loop.join()
        }
    }

    /// Tries to connect; nil is success.
    private func connect(
        to host: String, _ port: UInt16, on loop: EventLoop, within limit: Duration = .seconds(10), keep: Bool = false
    ) async throws -> TransportError? {
        await withCheckedContinuation { continuation in
            loop.execute {
                Connector(host: host, port: port, timeout: limit, loop: loop).start { result in
                    switch consume result {
                    case .success(let socket):
                        if keep { _ = socket.release() }
                        continuation.resume(returning: nil)
                    case .failure(let error): continuation.resume(returning: error)
                    }
                }
            }
        }
    }
}

/// Carries a socket into a closure that may run once.
final class SocketBox: Sendable {
    private let content: Mutex<ListeningSocket?>

    init(_ socket: consuming ListeningSocket) {
        content = Mutex(consume socket)
    }

    func take() -> ListeningSocket? {
        content.withLock { $0.take() }
    }
}
