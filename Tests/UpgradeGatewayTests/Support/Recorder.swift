import Synchronization

/// What happened, in order, from any thread.
final class Recorder<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    var all: [Element] { elements.withLock { $0 } }

    func record(_ element: Element) { elements.withLock { $0.append(element) } }
}

/// Holds up whoever comes, until it is opened.
final class Gate: Sendable {
    private let waiters: AsyncStream<Void>
    private let opening: AsyncStream<Void>.Continuation

    init() {
        (waiters, opening) = AsyncStream.makeStream()
    }

    func open() { opening.finish() }

    func pass() async {
        for await _ in waiters {}
    }
}
