import Foundation
import ProgramSupport
import RandomSupport
import Synchronization

/// A bad network between gateways and daemon: a port that passes bytes on until something happens to their connection.
final class FaultProxy: Sendable {
    /// What happens to one direction of a connection.
    private enum Mishap: CaseIterable {
        /// Both ends see an orderly end, in the midst of a packet.
        case cut
        /// Both ends see a reset.
        case reset
        /// Nothing passes any more, and neither end is told for a while.
        case halfOpen
        /// Each byte of some goes alone.
        case oneByOne
    }

    private static let halfOpenTime = Duration.seconds(1)
    /// Powers of ten: as many connections break in their first packets as in the midst of a release.
    private static let bytesBefore = 1.3...5.6

    let port: UInt16
    private let listener: Int32
    private let target = Atomic<UInt16>(0)
    private let isBad = Atomic(true)
    private let random: Mutex<SeededGenerator>
    private let counts = Mutex<[String: Int]>([:])

    init(to target: UInt16, seed: UInt64) throws {
        random = Mutex(SeededGenerator(seed: seed))
        self.target.store(target, ordering: .relaxed)
        guard let (listener, port) = Loopback.listen() else { throw FieldGateway.Failure.cannotConnect }
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [self] in accept() }
    }

    /// How many mishaps struck.
    var mishaps: Int { counts.withLock { $0.values.reduce(0, +) } }

    /// How often each of them did.
    var summary: String {
        counts.withLock { $0 }.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    /// New connections go to this port.
    func turn(to port: UInt16) { target.store(port, ordering: .relaxed) }

    /// Nothing happens any more to new connections, nor to those that are there; returns when what had begun is over.
    func heal() async {
        isBad.store(false, ordering: .relaxed)
        try? await Task.sleep(for: Self.halfOpenTime * 2)
    }

    /// Things happen again, as they do from the start.
    func spoil() { isBad.store(true, ordering: .relaxed) }

    /// Takes no more connections.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            guard let server = Loopback.connect(to: target.load(ordering: .relaxed)) else {
                close(client)
                continue
            }
            let link = Link(client: client, server: server)
            for (from, to) in [(client, server), (server, client)] {
                Thread.detachNewThread { [self] in
                    pass(from, to, on: link)
                    link.end()
                }
            }
        }
        close(listener)
    }

    private func nextMishap() -> (mishap: Mishap, after: Int) {
        random.withLock { random in
            (
                Mishap.allCases.randomElement(using: &random) ?? .cut,
                Int(pow(10, Double.random(in: Self.bytesBefore, using: &random)))
            )
        }
    }

    private func pass(_ from: Int32, _ to: Int32, on link: Link) {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var (mishap, left) = nextMishap()
        while true {
            let count = read(from, &buffer, buffer.count)
            guard count > 0 else { return }
            left -= count
            guard left <= 0, isBad.load(ordering: .relaxed) else {
                guard Loopback.send(buffer[..<count], to: to) else { return }
                continue
            }
            counts.withLock { $0["\(mishap)", default: 0] += 1 }
            switch mishap {
            case .oneByOne:
                for byte in buffer[..<count] {
                    guard Loopback.send([byte], to: to) else { return }
                }
                (mishap, left) = nextMishap()
            case .cut, .reset, .halfOpen:
                _ = Loopback.send(buffer[..<(count / 2)], to: to)
                if mishap == .halfOpen { Thread.sleep(forTimeInterval: Self.halfOpenTime / .seconds(1)) }
                if mishap != .cut { link.reset() }
                return
            }
        }
    }
}

/// The two sockets of a connection, closed when both directions have ended.
private final class Link: Sendable {
    private let client: Int32
    private let server: Int32
    private let directions = Mutex(2)

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
    }

    /// One direction has ended, which ends the other.
    func end() {
        for descriptor in [client, server] { shutdown(descriptor, Int32(SHUT_RDWR)) }
        let left = directions.withLock { directions in
            directions -= 1
            return directions
        }
        guard left == 0 else { return }
        close(client)
        close(server)
    }

    /// Both ends are told at once that the connection is no more.
    func reset() {
        // Linux makes a reset of connecting to nowhere.
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        for descriptor in [client, server] {
            connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
        }
    }
}
