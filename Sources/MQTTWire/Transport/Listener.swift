import CPosix

/// A loop's listening socket.
public final class Listener: EventSource {
    /// Takes over an accepted, non-blocking socket; on the loop's thread.
    public typealias Accept = (consuming Descriptor, SocketAddress) -> Void

    /// How many connections one turn accepts, so that a storm of them does not stop the data of the rest.
    private static let acceptsPerTurn = 128
    /// How long accepting pauses when the process has no descriptor left for a connection.
    private static let pauseWithoutDescriptors = Duration.milliseconds(200)

    /// Called, on the loop's thread, whenever accepting pauses because the process has no descriptor left.
    public var whenExhausted: (() -> Void)?

    private var socket: ListeningSocket?
    private var accept: Accept?
    private var isPaused = false
    private var retry: EventLoop.TimerID?

    /// Puts a listening socket on a loop.
    public init(_ socket: consuming ListeningSocket, loop: EventLoop) {
        self.socket = consume socket
        super.init(loop: loop)
    }

    /// Begins to accept; the closure gets every connection. On the loop's thread.
    public func start(_ accept: @escaping Accept) throws(TransportError) {
        guard let descriptor = rawSocket else { throw .loopStopped }
        self.accept = accept
        try loop.register(self, descriptor: descriptor)
    }

    /// Stops accepting and gives the port back. On the loop's thread.
    public func close() {
        if let retry { loop.cancel(retry) }
        retry = nil
        accept = nil
        whenExhausted = nil
        if let descriptor = rawSocket { loop.deregister(self, descriptor: descriptor) }
        socket = nil
    }

    /// Leaves further connections in the backlog, also when called from within the closure of ``start(_:)``. On the loop's thread.
    public func pause() {
        isPaused = true
    }

    /// Accepts again, from the next turn. On the loop's thread.
    public func resume() {
        guard isPaused else { return }
        isPaused = false
        if isRegistered { loop.resumeNextTurn(self) }
    }

    private var rawSocket: Int32? {
        switch socket {
        case .some(let socket): socket.fileDescriptor
        case .none: nil
        }
    }

    /// Accepts what waits.
    public override func ready(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerTurn {
            guard let descriptor = rawSocket, let accept, !isPaused, retry == nil else { return }
            var accepted: Int32 = -1
            let peer = SocketAddress(filledBy: { address, length in
                accepted = cposix_accept4(
                    descriptor, address.assumingMemoryBound(to: sockaddr.self), length, cposix_accept_flags())
                return accepted < 0 ? -1 : 0
            })
            guard accepted >= 0 else {
                guard mayGoOn(after: .last) else { return }
                continue
            }
            let socket = Descriptor(adopting: accepted)
            guard let peer else { continue }
            accept(socket, peer)
        }
        loop.resumeNextTurn(self)
    }

    private func mayGoOn(after reason: SystemErrno) -> Bool {
        switch reason.code {
        case EAGAIN: return false
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            whenExhausted?()
            // The connection stays in the backlog and no new edge tells of it.
            retry = loop.schedule(after: Self.pauseWithoutDescriptors) { [self] in
                retry = nil
                ready(.readable)
            }
            return false
        default:
            // That one connection is gone (ECONNABORTED and the network errors that accept passes on).
            return true
        }
    }

    /// Gives the port back.
    public override func loopStopped() {
        socket = nil
        accept = nil
        whenExhausted = nil
    }
}
