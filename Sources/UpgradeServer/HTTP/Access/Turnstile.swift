import Synchronization

/// Lets a few through at a time, in the order in which they came, and a bounded number wait: in all, and of one origin.
final class Turnstile: Sendable {
    fileprivate struct State {
        var free: Int
        var waiting: [(number: Int, origin: String, grant: AsyncStream<Void>.Continuation)] = []
        var next = 0
    }

    private let state: Mutex<State>
    private let queue: Int
    private let queuePerOrigin: Int

    init(places: Int, queue: Int, queuePerOrigin: Int) {
        state = Mutex(State(free: places))
        self.queue = queue
        self.queuePerOrigin = queuePerOrigin
    }

    /// Waits for a place, which ``leave()`` gives back.
    ///
    /// - Parameter origin: Where it comes from; those of one origin take but a part of the queue.
    /// - Returns: false, and there is no place to give back, when too many wait already or the task is cancelled.
    func enter(from origin: String) async -> Bool {
        let (granted, grant) = AsyncStream<Void>.makeStream()
        let number: Int
        switch state.withLock({ $0.enter(from: origin, grant, queue: queue, queuePerOrigin: queuePerOrigin) }) {
        case .enters: return true
        case .isTurnedAway: return false
        case .waits(let its): number = its
        }
        for await _ in granted { return true }
        // Cancelled. A place that was granted at the same moment goes to the next.
        let stillWaited = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return false }
            state.waiting.remove(at: index)
            return true
        }
        if !stillWaited { leave() }
        return false
    }

    /// How many wait.
    var waiting: Int { state.withLock(\.waiting.count) }

    func leave() {
        let next = state.withLock { state -> AsyncStream<Void>.Continuation? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst().grant }
            state.free += 1
            return nil
        }
        next?.yield()
    }

    fileprivate enum Verdict {
        case enters
        case waits(number: Int)
        case isTurnedAway
    }
}

extension Turnstile.State {
    fileprivate mutating func enter(
        from origin: String, _ grant: AsyncStream<Void>.Continuation, queue: Int, queuePerOrigin: Int
    ) -> Turnstile.Verdict {
        if free > 0 {
            free -= 1
            return .enters
        }
        guard waiting.count < queue, waiting.count(where: { $0.origin == origin }) < queuePerOrigin else {
            return .isTurnedAway
        }
        next += 1
        waiting.append((next, origin, grant))
        return .waits(number: next)
    }
}
