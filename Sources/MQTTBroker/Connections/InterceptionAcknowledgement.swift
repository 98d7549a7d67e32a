import Synchronization

/// The way back from an interceptor to the connection whose publication it was given: it works once, from any thread.
final class InterceptionAcknowledgement: Sendable {
    private let wasGiven = Atomic<Bool>(false)
    private let settle: @Sendable () -> Void

    init(_ settle: @escaping @Sendable () -> Void) { self.settle = settle }

    func give() {
        guard !wasGiven.exchange(true, ordering: .relaxed) else { return }
        settle()
    }
}
