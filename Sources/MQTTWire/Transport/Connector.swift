import CPosix

/// One attempt to reach a host: looks its name up, then tries its addresses one after the other until one accepts.
public final class Connector: EventSource {
    /// Takes over the connected, non-blocking socket, or learns why there is none; on the loop's thread, once.
    public typealias Completion = (consuming Result<Descriptor, TransportError>) -> Void

    /// Names are looked up here: the system's resolver blocks.
    private static let lookupThread = Result { () throws(TransportError) in try EventLoop() }

    private let host: String
    private let port: UInt16
    private let timeout: Duration
    private var completion: Completion?
    private var addresses: ArraySlice<SocketAddress> = []
    private var socket: Descriptor?
    private var timer: EventLoop.TimerID?

    /// An attempt that begins with `start`; it fails with `TransportError.connectTimedOut` when the time is up.
    public init(host: String, port: UInt16, timeout: Duration, loop: EventLoop) {
        self.host = host
        self.port = port
        self.timeout = timeout
        super.init(loop: loop)
    }

    /// Begins; on the loop's thread. The completion may be called before this returns.
    public func start(_ completion: @escaping Completion) {
        self.completion = completion
        timer = loop.schedule(after: timeout) { [self] in
            finish(failing: .connectTimedOut(host: host, port: port, after: timeout))
        }
        if let numeric = try? AddressLookup.addresses(host: host, port: port, numericOnly: true) {
            tryAddresses(numeric[...])
        } else {
            lookUp()
        }
    }

    /// Gives up; the completion is not called any more. On the loop's thread.
    public func cancel() {
        completion = nil
        release()
    }

    private func lookUp() {
        let (host, port) = (host, port)
        let connector = LoopBound(self, to: loop)
        let loop = loop
        switch Self.lookupThread {
        case .success(let thread):
            thread.execute {
                let result = Result { () throws(TransportError) in try AddressLookup.addresses(host: host, port: port) }
                loop.execute { connector.value.lookedUp(result) }
            }
        case .failure(let error):
            finish(failing: error)
        }
    }

    private func lookedUp(_ result: Result<[SocketAddress], TransportError>) {
        guard completion != nil else { return }
        switch result {
        case .success(let addresses): tryAddresses(addresses[...])
        case .failure(let error): finish(failing: error)
        }
    }

    private func tryAddresses(_ remaining: ArraySlice<SocketAddress>) {
        addresses = remaining
        guard let address = addresses.popFirst() else {
            return finish(failing: .cannotConnect(host: host, port: port, SystemErrno(code: EADDRNOTAVAIL)))
        }
        let raw = cposix_stream_socket(address.family)
        guard raw >= 0 else { return finish(failing: .system(call: "socket", .last)) }
        socket = Descriptor(adopting: raw)
        SocketOptions.prepareConnected(raw)
        guard address.withPointer({ cposix_connect(raw, $0, $1) }) == 0 || cposix_errno() == EINPROGRESS else {
            return addressFailed(.last)
        }
        do {
            try loop.register(self, descriptor: raw)
        } catch {
            finish(failing: error)
        }
    }

    /// The attempt at an address has ended, one way or the other.
    public override func ready(_ readiness: Readiness) {
        guard let raw = rawSocket, readiness.hasAny(of: [.writable, .ended]) else { return }
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(raw, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 else { return addressFailed(.last) }
        guard failure == 0 else { return addressFailed(SystemErrno(code: failure)) }
        loop.deregister(self, descriptor: raw)
        guard let connected = socket.take(), let completion else { return }
        self.completion = nil
        release()
        completion(.success(connected))
    }

    private func addressFailed(_ reason: SystemErrno) {
        if let raw = rawSocket { loop.deregister(self, descriptor: raw) }
        socket = nil
        if addresses.isEmpty {
            finish(failing: .cannotConnect(host: host, port: port, reason))
        } else {
            tryAddresses(addresses)
        }
    }

    private func finish(failing error: TransportError) {
        let completion = completion
        cancel()
        completion?(.failure(error))
    }

    private func release() {
        if let timer { loop.cancel(timer) }
        timer = nil
        if let raw = rawSocket { loop.deregister(self, descriptor: raw) }
        socket = nil
    }

    private var rawSocket: Int32? {
        switch socket {
        case .some(let socket): socket.rawValue
        case .none: nil
        }
    }

    /// Fails with `TransportError.loopStopped`.
    public override func loopStopped() {
        finish(failing: .loopStopped)
    }
}
