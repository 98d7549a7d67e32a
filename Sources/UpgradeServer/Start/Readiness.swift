import Synchronization

/// Knows when everything listens, and tells it once.
final class Readiness: Sendable {
    private struct State {
        var awaited: Set<Listener> = Set(Listener.allCases)
        var http: ListenAddress?
        var isStopping = false
    }

    /// What has to stand before the server is ready; the MQTT listener stands before these are opened.
    enum Listener: CaseIterable {
        case http
        case controlSocket
    }

    private let state = Mutex(State())
    private let whenReady: @Sendable (_ http: ListenAddress) -> Void

    /// - Parameter whenReady: Called once, when the last listener stands.
    init(whenReady: @escaping @Sendable (_ http: ListenAddress) -> Void) { self.whenReady = whenReady }

    /// Whether everything listens and nothing is being stopped.
    var isReady: Bool { state.withLock { $0.awaited.isEmpty && !$0.isStopping } }

    /// Tells that a listener stands; `address` is where HTTP listens, when it is that one.
    func stands(_ listener: Listener, at address: ListenAddress? = nil) {
        let http = state.withLock { state -> ListenAddress? in
            if let address { state.http = address }
            guard state.awaited.remove(listener) != nil, state.awaited.isEmpty else { return nil }
            return state.http
        }
        if let http { whenReady(http) }
    }

    func stops() { state.withLock { $0.isStopping = true } }
}
