import DequeModule
import Synchronization

/// The messages of all subscriptions of a client, in the order in which they came. It ends when the client is ended, not when a connection is lost.
///
/// It holds `Configuration.messageBuffer` messages; while it is full, the client does not read from the server. Each message goes to one reader: two loops over
/// it share the messages out.
public struct MQTTMessages: AsyncSequence, Sendable {
    /// One message a time.
    public typealias Element = MQTTMessage
    /// Reading cannot fail: when the client is ended, so is the sequence.
    public typealias Failure = Never

    let buffer: MessageBuffer

    /// Takes messages out one by one.
    public struct Iterator: AsyncIteratorProtocol {
        let buffer: MessageBuffer

        /// Waits for the next message; nil when the client was ended, or this task cancelled.
        public func next() async -> MQTTMessage? {
            await buffer.next()
        }

        /// Waits for the next message; nil when the client was ended, or this task cancelled.
        public func next(isolation actor: isolated (any Actor)?) async -> MQTTMessage? {
            await buffer.next()
        }
    }

    /// Begins to read; what several iterators take, they share out.
    public func makeAsyncIterator() -> Iterator {
        Iterator(buffer: buffer)
    }
}

/// Between the loop, which puts messages in, and the tasks that take them out.
final class MessageBuffer: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<MQTTMessage?, Never>
    }

    private struct State {
        var messages: Deque<MQTTMessage> = []
        var waiters: Deque<Waiter> = []
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
        var hasEnded = false
    }

    private let state = Mutex(State())
    /// Called outside the lock when a message was taken, with the number of those that remain.
    private let taken: @Sendable (MQTTMessage, Int) -> Void

    init(taken: @escaping @Sendable (MQTTMessage, Int) -> Void) {
        self.taken = taken
    }

    /// Adds a message and returns how many wait now.
    func offer(_ message: MQTTMessage) -> Int {
        let (waiter, count) = state.withLock { state -> (Waiter?, Int) in
            guard !state.hasEnded else { return (nil, 0) }
            if let waiter = state.waiters.popFirst() { return (waiter, 0) }
            state.messages.append(message)
            return (nil, state.messages.count)
        }
        if let waiter {
            waiter.continuation.resume(returning: message)
            taken(message, 0)
        }
        return count
    }

    /// Lets readers have what is there and then come to the end.
    func end() {
        let waiters = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }

    func next() async -> MQTTMessage? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let message = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in take(id, continuation) }
        } onCancel: {
            cancel(id)
        }
        if Task.isCancelled { state.withLock { _ = $0.cancelled.remove(id) } }
        return message
    }

    private enum Taking {
        case message(MQTTMessage, remaining: Int)
        case end
        case wait
    }

    private func take(_ id: UInt64, _ continuation: CheckedContinuation<MQTTMessage?, Never>) {
        let taking = state.withLock { state -> Taking in
            guard state.cancelled.remove(id) == nil else { return .end }
            if let message = state.messages.popFirst() { return .message(message, remaining: state.messages.count) }
            guard !state.hasEnded else { return .end }
            state.waiters.append(Waiter(id: id, continuation: continuation))
            return .wait
        }
        switch taking {
        case .message(let message, let remaining):
            continuation.resume(returning: message)
            taken(message, remaining)
        case .end: continuation.resume(returning: nil)
        case .wait: break
        }
    }

    private func cancel(_ id: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                // Either the message has come already, or the task has not begun to wait.
                state.cancelled.insert(id)
                return nil
            }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: nil)
    }
}
