import CPosix
import Foundation
import MQTTWire
import Synchronization

/// A wire between a client and a broker that a test can cut, or hold so that nothing passes.
final class Relay: Sendable {
    /// Both ends of a connection; they are closed when the last thread that uses them has ended.
    private final class Link: Sendable {
        let client: LoopbackSocket
        let server: LoopbackSocket

        init(client: LoopbackSocket, server: LoopbackSocket) {
            self.client = client
            self.server = server
        }

        deinit {
            client.close()
            server.close()
        }
    }

    private struct State {
        var links: [Link] = []
        var isHeld = false
    }

    private let listener: LoopbackSocket
    private let target: UInt16
    private let state = Mutex(State())
    /// Where clients connect to.
    let port: UInt16

    init(to target: UInt16) throws {
        self.target = target
        listener = try LoopbackSocket.listening()
        port = listener.localPort
        Thread.detachNewThread { [listener, weak self] in
            while true {
                let accepted = cposix_accept4(listener.descriptor, nil, nil, 0)
                guard accepted >= 0, let relay = self else { break }
                relay.join(LoopbackSocket(adopting: accepted))
            }
            listener.close()
        }
    }

    deinit {
        listener.shutDown()
        cut()
    }

    /// Ends all connections, as a network that fails does.
    func cut() {
        let links = state.withLock { state in
            defer { state.links = [] }
            return state.links
        }
        for link in links {
            link.client.shutDown()
            link.server.shutDown()
        }
    }

    /// Lets nothing pass any more, without ending anything, or lets all pass again.
    func hold(_ isHeld: Bool) {
        state.withLock { $0.isHeld = isHeld }
    }

    private var isHeld: Bool { state.withLock { $0.isHeld } }

    private func join(_ client: LoopbackSocket) {
        guard let server = try? LoopbackSocket(connectedTo: target) else { return client.close() }
        let link = Link(client: client, server: server)
        state.withLock { $0.links.append(link) }
        pump(link, from: client, to: server)
        pump(link, from: server, to: client)
    }

    private func pump(_ link: Link, from source: LoopbackSocket, to sink: LoopbackSocket) {
        Thread.detachNewThread { [weak self] in
            while let bytes = try? source.receive(), !bytes.isEmpty {
                while self?.isHeld == true { usleep(2_000) }
                guard (try? sink.send(bytes)) != nil else { break }
            }
            // An end is as invisible through a wire that is held as data.
            while self?.isHeld == true { usleep(2_000) }
            sink.shutDown()
            withExtendedLifetime(link) {}
        }
    }
}
