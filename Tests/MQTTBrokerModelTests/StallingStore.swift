import MQTTBroker
import Synchronization

/// A store that can lose, as a crash does, all that comes after some moment.
final class StallingStore: SessionStore {
    private struct State {
        var isStalled = false
        var underWay = 0
    }

    private let inner: any SessionStore
    private let state = Mutex(State())

    init(_ inner: any SessionStore) { self.inner = inner }

    /// From now on nothing reaches the disk.
    func stall() { state.withLock { $0.isStalled = true } }

    /// Whether all that came is durable.
    var isIdle: Bool { state.withLock { $0.underWay == 0 } }
    var isFailing: Bool { inner.isFailing }

    func load() throws -> StoredState { try inner.load() }

    func apply(_ changes: [StoreChange], whenDurable: @escaping @Sendable () -> Void) {
        // Under the lock, so that all loops are cut off at the same place of the order in which the disk sees them.
        state.withLock { state in
            state.underWay += 1
            guard !state.isStalled else { return }
            inner.apply(changes) { [self] in
                whenDurable()
                self.state.withLock { $0.underWay -= 1 }
            }
        }
    }
}
