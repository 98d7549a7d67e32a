import Dispatch

/// Runs what waits for a disk on a thread where waiting harms nobody, unlike those of Swift's concurrency.
enum BlockingWork {
    private static let queue = DispatchQueue(label: "blocking-work", attributes: .concurrent)

    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
