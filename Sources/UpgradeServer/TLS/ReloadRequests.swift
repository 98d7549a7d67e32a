/// Wishes to have the certificates read again. Those that come while one is being fulfilled are one more.
final class ReloadRequests: Sendable {
    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func add() { continuation.yield() }
}
