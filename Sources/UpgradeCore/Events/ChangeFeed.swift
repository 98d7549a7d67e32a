import Synchronization

/// Tells whoever listens what was committed: pages that are open, and commands that wait.
///
/// A listener that does not keep up costs bounded memory: what it has not taken yet is merged, and beyond some thousand
/// details it is told that there was more.
public final class ChangeFeed: Sendable {
    /// What one listener may see.
    struct View: Sendable {
        var gateways: Scope
        var events: Scope
        /// All events of the scope, not only those that a dashboard shows.
        var eventLog: Bool

        var seesEverything: Bool { gateways == .everything && events == .everything && eventLog }
    }

    private struct Listener: Sendable {
        let view: View
        let mailbox: Mailbox
    }

    private struct State {
        var listeners: [Int: Listener] = [:]
        var next = 0
        var finished = false
    }

    private let state = Mutex(State())

    init() {}

    /// What the principal may see of every later commit, until the subscription is let go of.
    ///
    /// - Throws: ``DomainError/forbidden(_:)`` when the role may not even look at the dashboard.
    public func subscribe(as principal: Principal) throws(DomainError) -> ChangeSubscription {
        let gateways = try principal.scope(for: .viewDashboard)
        let eventLog = principal.may(.viewEvents)
        let events = try principal.scope(for: eventLog ? .viewEvents : .viewDashboard)
        return subscribe(View(gateways: gateways, events: events, eventLog: eventLog))
    }

    /// Every later commit, for parts of this program.
    func subscribeToEverything() -> ChangeSubscription {
        subscribe(View(gateways: .everything, events: .everything, eventLog: true))
    }

    private func subscribe(_ view: View) -> ChangeSubscription {
        let mailbox = Mailbox()
        let number = state.withLock { state in
            defer { state.next += 1 }
            if state.finished {
                mailbox.finish()
            } else {
                state.listeners[state.next] = Listener(view: view, mailbox: mailbox)
            }
            return state.next
        }
        mailbox.onTermination { [weak self] in
            self?.state.withLock { $0.listeners[number] = nil }
        }
        return ChangeSubscription(mailbox: mailbox)
    }

    /// Called on the writer's queue, after the commit and before its callers resume.
    func publish(_ changes: ChangeSet) {
        guard !changes.isEmpty else { return }
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners {
            let part = changes.seen(by: listener.view)
            if !part.isEmpty { listener.mailbox.put(part) }
        }
    }

    /// Ends every subscription.
    func finish() {
        let listeners = state.withLock { state in
            state.finished = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.mailbox.finish() }
    }
}

/// The changes that one listener has not taken yet, as one set.
///
/// For one consumer. Ends when the store closes or the consuming task is cancelled.
public struct ChangeSubscription: AsyncSequence, Sendable {
    let mailbox: Mailbox

    /// The one iterator of this subscription.
    public func makeAsyncIterator() -> Iterator {
        Iterator(signals: mailbox.signals.makeAsyncIterator(), mailbox: mailbox)
    }

    /// Takes what has come together, each time.
    public struct Iterator: AsyncIteratorProtocol {
        var signals: AsyncStream<Void>.Iterator
        let mailbox: Mailbox

        /// Waits until something has changed since the last call.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async -> ChangeSet? {
            while await signals.next(isolation: actor) != nil {
                if let changes = mailbox.take() { return changes }
            }
            return nil
        }
    }
}

/// A merged set of changes, and a bell that rings while it is not empty.
final class Mailbox: Sendable {
    /// Details of one sort that a listener may be behind.
    private static let limit = 2000

    let signals: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let pending = Mutex(ChangeSet())

    init() {
        (signals, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ changes: ChangeSet) {
        pending.withLock { pending in
            pending.merge(changes)
            pending.trim(to: Self.limit)
        }
        bell.yield()
    }

    /// What has come together since the last call; nil when nothing has.
    func take() -> ChangeSet? {
        pending.withLock { pending in
            defer { pending = ChangeSet() }
            return pending.isEmpty ? nil : pending
        }
    }

    func finish() {
        bell.finish()
    }

    func onTermination(_ action: @escaping @Sendable () -> Void) {
        bell.onTermination = { _ in action() }
    }
}
