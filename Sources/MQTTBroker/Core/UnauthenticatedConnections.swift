import DequeModule
import MQTTWire
import Synchronization

/// The connections whose CONNECT was not granted, of all loops: how many there are, and which of one address are read and which wait for those.
final class UnauthenticatedConnections: Sendable {
    /// One connection's place among them, and among all that are open. The first is given back when the connection is granted or closed, the other
    /// when it is closed; both at the latest with the last reference to the place.
    final class Place: Sendable {
        let number: UInt64
        /// When the connection was accepted.
        let since = MonotonicTime.now
        private let origin: SocketAddress.Origin
        private let table: UnauthenticatedConnections
        private let isGivenBack = Atomic(false)
        private let isClosed = Atomic(false)

        fileprivate init(number: UInt64, origin: SocketAddress.Origin, table: UnauthenticatedConnections) {
            self.number = number
            self.origin = origin
            self.table = table
        }

        deinit { connectionClosed() }

        func connectionClosed() {
            giveBack()
            guard !isClosed.exchange(true, ordering: .relaxed) else { return }
            table.open.leave(origin)
        }

        /// Whoever has the connection gives back its place among the open ones, of which nobody counts those of an address.
        func leaveToConnection() { isClosed.store(true, ordering: .relaxed) }

        func giveBack() {
            guard !isGivenBack.exchange(true, ordering: .relaxed) else { return }
            table.leave(number, origin)
        }
    }

    private struct Group {
        var readCount = 0
        /// Numbers of places, first come, first served.
        var waiting: Deque<UInt64> = []
    }

    private struct Waiter {
        /// What is called when its turn comes, once somebody asked for it.
        var turn: (@Sendable () -> Void)?
    }

    private struct State {
        var lastNumber: UInt64 = 0
        var count = 0
        var groups: [SocketAddress.Origin: Group] = [:]
        var waiters: [UInt64: Waiter] = [:]
        var whenNotFull: (@Sendable () -> Void)?

        /// Takes one out; what is returned is to be called.
        mutating func leave(
            _ number: UInt64, _ origin: SocketAddress.Origin, maximumCount: Int
        ) -> [@Sendable () -> Void] {
            count -= 1
            var actions: [@Sendable () -> Void] = []
            if waiters.removeValue(forKey: number) != nil {
                forget(number, from: origin)
            } else if let turn = advance(origin) {
                actions.append(turn)
            }
            if count < maximumCount, let action = whenNotFull.take() { actions.append(action) }
            return actions
        }

        /// One that was read has left: it is the next one's turn, whose closure is returned.
        private mutating func advance(_ origin: SocketAddress.Origin) -> (@Sendable () -> Void)? {
            guard let next = groups[origin]?.waiting.popFirst() else {
                groups[origin]?.readCount -= 1
                if groups[origin]?.readCount == 0 { groups[origin] = nil }
                return nil
            }
            return waiters.removeValue(forKey: next)?.turn
        }

        /// One that waited has left. Who waits longest is at the front and usually the first to give up.
        private mutating func forget(_ number: UInt64, from origin: SocketAddress.Origin) {
            guard let index = groups[origin]?.waiting.firstIndex(of: number) else { return }
            groups[origin]?.waiting.remove(at: index)
        }
    }

    private let maximumPerAddress: Int
    private let maximumCount: Int
    private let open: OpenConnections
    private let state = Mutex(State())

    init(maximumPerAddress: Int, maximumCount: Int, among open: OpenConnections) {
        self.open = open
        // With none at all nobody could ever get in.
        self.maximumPerAddress = max(1, maximumPerAddress)
        self.maximumCount = max(1, maximumCount)
    }

    var isFull: Bool { state.withLock { $0.count >= maximumCount } }

    /// How many there are, and how many of them wait.
    var counts: (all: Int, waiting: Int) { state.withLock { ($0.count, $0.waiters.count) } }

    /// Counts an accepted connection in, full or not; `nil` if there are as many open connections as there may be.
    func enter(from origin: SocketAddress.Origin) -> Place? {
        guard open.enter(from: origin) else { return nil }
        let number = state.withLock { state in
            state.lastNumber += 1
            state.count += 1
            if state.groups[origin, default: Group()].readCount < maximumPerAddress {
                state.groups[origin, default: Group()].readCount += 1
            } else {
                state.groups[origin, default: Group()].waiting.append(state.lastNumber)
                state.waiters[state.lastNumber] = Waiter()
            }
            return state.lastNumber
        }
        return Place(number: number, origin: origin, table: self)
    }

    /// Has the closure called once, from any thread, when it is the place's turn to be read; `false` if it is already.
    func wait(for place: Place, untilTurn action: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard state.waiters[place.number] != nil else { return false }
            state.waiters[place.number]?.turn = action
            return true
        }
    }

    /// Has the closure called once, from any thread, when there is room for another; at once if there is. One waits at a time: a later one replaces it.
    func whenNotFull(_ action: @escaping @Sendable () -> Void) {
        let mustWait = state.withLock { state in
            guard state.count >= maximumCount else { return false }
            state.whenNotFull = action
            return true
        }
        if !mustWait { action() }
    }

    private func leave(_ number: UInt64, _ origin: SocketAddress.Origin) {
        let actions = state.withLock { $0.leave(number, origin, maximumCount: maximumCount) }
        for action in actions { action() }
    }
}
