import MQTTWire
import Synchronization

/// What one loop has to tell the session store: the changes of a turn go there together, and what was promised for them waits until they are durable.
struct Journal {
    private let store: (any SessionStore)?
    private var changes: [StoreChange] = []
    private var waiting: [() -> Void] = []

    init(store: (any SessionStore)?) { self.store = store }

    /// Whether anything is kept at all.
    var isKept: Bool { store != nil }
    var isEmpty: Bool { changes.isEmpty }

    mutating func note(_ change: StoreChange) { changes.append(change) }

    /// Keeps the action until the changes of this turn are durable; `false` if there are none to wait for.
    mutating func wait(_ action: @escaping () -> Void) -> Bool {
        guard !changes.isEmpty else { return false }
        waiting.append(action)
        return true
    }

    /// Forgets the changes of the turn, which the store told itself.
    mutating func forget() { changes = [] }

    /// Hands the changes of the turn to the store.
    mutating func commit(on loop: EventLoop) {
        guard let store, !changes.isEmpty else { return }
        let actions = LoopBound(waiting, to: loop)
        store.apply(changes) {
            loop.execute { for action in actions.value { action() } }
        }
        changes = []
        waiting = []
    }
}

extension Shard {
    /// Notes a change for the store, if there is one.
    func note(_ change: @autoclosure () -> StoreChange) {
        guard journal.isKept else { return }
        journal.note(change())
        loop.flushAtEndOfTurn(self)
    }

    /// Runs the action when what was noted in this turn would survive a crash; at once if nothing was.
    func whenDurable(_ action: @escaping () -> Void) {
        if !journal.wait(action) { action() }
    }
}

/// Tells a publisher's loop when all loops that a publication went to have made durable what they keep of it.
final class Durability: Sendable {
    private let missing: Atomic<Int>
    private let action: @Sendable () -> Void

    init(of parts: Int, _ action: @escaping @Sendable () -> Void) {
        missing = Atomic(parts)
        self.action = action
    }

    /// There is one more part to wait for.
    func add() { missing.add(1, ordering: .relaxed) }

    /// One part is durable.
    func step() {
        if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { action() }
    }
}
