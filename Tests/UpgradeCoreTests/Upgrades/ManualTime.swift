import Synchronization

@testable import UpgradeCore

/// A time that stands still until it is told to move. Sleepers wake when it has reached their deadline.
final class ManualTime: TimeSource {
    private struct State {
        var now = Duration.seconds(1000)
        var sleepers: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
    }

    let wall = TestClock()
    private let state = Mutex(State())

    func monotonic() -> Duration { state.withLock { $0.now } }
    func now() -> Timestamp { wall.now }

    func advance(by duration: Duration) {
        advanceSilently(by: duration)
        let sleepers = state.withLock { Array($0.sleepers.values) }
        for sleeper in sleepers { sleeper.yield() }
    }

    /// Moves without waking anybody, as while no process runs.
    func advanceSilently(by duration: Duration) {
        wall.advance(byMilliseconds: duration.wholeMilliseconds)
        state.withLock { $0.now += duration }
    }

    func sleep(until deadline: Duration) async throws {
        let (moves, continuation) = AsyncStream<Void>.makeStream()
        let number = state.withLock { state in
            state.next += 1
            state.sleepers[state.next] = continuation
            return state.next
        }
        defer { state.withLock { $0.sleepers[number] = nil } }
        continuation.yield()
        for await _ in moves where monotonic() >= deadline { return }
        throw CancellationError()
    }
}
