import MQTTWire
import Synchronization

/// How many connections are open, of all loops, granted or not.
final class OpenConnections: Sendable {
    private struct State {
        var count = 0
        /// Empty where addresses are not limited.
        var origins: [SocketAddress.Origin: Int] = [:]
    }

    private let maximumCount: Int
    private let maximumPerAddress: Int?
    private let state = Mutex(State())

    init(maximumCount: Int, maximumPerAddress: Int?) {
        self.maximumCount = maximumCount
        self.maximumPerAddress = maximumPerAddress
    }

    /// Counts a connection in; `false` if there are as many as there may be.
    func enter(from origin: SocketAddress.Origin) -> Bool {
        state.withLock { state in
            guard state.count < maximumCount else { return false }
            if let maximumPerAddress {
                guard state.origins[origin, default: 0] < maximumPerAddress else { return false }
                state.origins[origin, default: 0] += 1
            }
            state.count += 1
            return true
        }
    }

    /// Whether those of an address are counted.
    var countsAddresses: Bool { maximumPerAddress != nil }

    /// One that was counted in is closed, and nobody counts those of its address.
    func leave() { state.withLock { $0.count -= 1 } }

    /// One that was counted in is closed.
    func leave(_ origin: SocketAddress.Origin) {
        state.withLock { state in
            state.count -= 1
            guard let left = state.origins[origin].map({ $0 - 1 }) else { return }
            state.origins[origin] = left > 0 ? left : nil
        }
    }
}
