import MQTTWire
import Synchronization

/// What one loop has to tell the session store: the changes of a turn go there together, and what was promised for them waits until they are durable.
struct Journal {
    private let store: (any SessionStore)?
    private var changes: [StoreChange] = []
    private var waiting: [() -> Void] = []
    /// How many commits are not durable.
    private var open = 0

    init(store: (any SessionStore)?) { self.store = store }

    /// Whether anything is kept at all.
    var isKept: Bool { store != nil }
    var isEmpty: Bool { changes.isEmpty }

    mutating func note(_ change: StoreChange) { changes.append(change) }

    /// Keeps the action until the changes of this turn, and if it is to be `afterAll` of those before, are durable; `false` if there are none to wait for.
    mutating func wait(afterAll: Bool, _ action: @escaping () -> Void) -> Bool {
        guard !changes.isEmpty || (afterAll && open > 0) else { return false }
        waiting.append(action)
        return true
    }

    /// Forgets the changes of the turn that the store told itself.
    mutating func forgetRestored() {
        changes.removeAll { change in
            switch change {
            case .queued, .subscribed: true
            default: false
            }
        }
    }

    /// Begins a commit: the changes of the turn, and what waits for them.
    mutating func takeCommit() -> (store: any SessionStore, changes: [StoreChange], waiting: [() -> Void])? {
        guard let store, !changes.isEmpty || !waiting.isEmpty else { return nil }
        open += 1
        defer { (changes, waiting) = ([], []) }
        return (store, changes, waiting)
    }

    mutating func endCommit() { open -= 1 }
}

extension Shard {
    /// Notes a change for the store, if there is one.
    func note(_ change: @autoclosure () -> StoreChange) {
        guard journal.isKept else { return }
        journal.note(change())
        loop.flushAtEndOfTurn(self)
    }

    /// Runs the action when what was noted in this turn would survive a crash; at once if nothing was.
    ///
    /// `afterAll`: and what was noted before.
    func whenDurable(afterAll: Bool = false, _ action: @escaping () -> Void) {
        guard journal.wait(afterAll: afterAll, action) else { return action() }
        loop.flushAtEndOfTurn(self)
    }

    /// Hands what was noted in this turn to the store.
    func commitJournal() {
        guard let (store, changes, waiting) = journal.takeCommit() else { return }
        let actions = LoopBound(waiting, to: loop)
        store.apply(changes) { [self] in
            post { shard in
                shard.journal.endCommit()
                for action in actions.value { action() }
            }
        }
    }
}

extension Shard {
    /// This loop has noted what it keeps of the message, which counts as the broker's memory until that is durable.
    func finish(_ durability: Durability?, of message: Message) {
        guard let durability else { return }
        if let group = durability.group { note(.parts(message: group, change: -1)) }
        whenDurable { withExtendedLifetime(message) { durability.step() } }
    }

    /// One more loop has a part of the message.
    func addPart(to durability: Durability?) {
        guard let durability else { return }
        durability.add()
        if let group = durability.group { note(.parts(message: group, change: 1)) }
    }
}

extension Session {
    /// Runs the action when what was noted in this turn would survive a crash; at once for a session that ends with its connection, which waits for
    /// no other's changes.
    func whenDurable(afterAll: Bool = false, _ action: @escaping () -> Void) {
        if isStored { shard.whenDurable(afterAll: afterAll, action) } else { action() }
    }
}

/// Tells a publisher's loop when all loops that a publication went to have made durable what they keep of it.
final class Durability: Sendable {
    /// The loops' parts of that message count together or not at all; `nil` if they need not.
    let group: UInt64?
    private let missing: Atomic<Int>
    private let action: @Sendable () -> Void

    init(of parts: Int, group: UInt64?, _ action: @escaping @Sendable () -> Void) {
        missing = Atomic(parts)
        self.group = group
        self.action = action
    }

    /// There is one more part to wait for.
    func add() { missing.add(1, ordering: .relaxed) }

    /// One part is durable.
    func step() {
        if missing.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { action() }
    }
}
