import ServiceLifecycle
import Synchronization
import UpgradeCore

/// Rings where event streams listen when a log-in may not hold any more, so that none goes on, or stays open, for somebody who is out.
final class LogInBell: Sendable {
    private struct State {
        var listeners: [Int: (username: String, bell: AsyncStream<Void>.Continuation)] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// An element whenever a log-in of the user may not hold any more. For one consumer.
    func rings(for username: String) -> AsyncStream<Void> {
        let (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            defer { state.next += 1 }
            state.listeners[state.next] = (username, bell)
            return state.next
        }
        bell.onTermination = { [weak self] _ in self?.state.withLock { $0.listeners[number] = nil } }
        return rings
    }

    /// For the log-ins of some users; nil stands for everybody.
    func ring(for usernames: Set<String>?) {
        let bells = state.withLock { state in
            state.listeners.values.filter { usernames?.contains($0.username) ?? true }.map(\.bell)
        }
        for bell in bells { bell.yield() }
    }
}

/// Rings when the rights, the password or a token of somebody changed, or somebody is gone, whichever way that was done.
struct LogInWatch: Service {
    let bell: LogInBell
    let changes: ChangeSubscription

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await changes in changes where changes.isIncomplete || changes.events.contains(where: Self.endsLogIns) {
                // Events name in words whom they are about.
                bell.ring(for: nil)
            }
        }
    }

    private static func endsLogIns(_ event: Event) -> Bool {
        switch event.kind {
        case .userChanged, .userRemoved, .passwordChanged, .tokenRevoked: true
        default: false
        }
    }
}
