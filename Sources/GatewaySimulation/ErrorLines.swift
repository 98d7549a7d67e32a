import Synchronization

/// Says what goes wrong, one line each, and the same again only once in a while: a thousand gateways that cannot connect are one message.
final class ErrorLines: Sendable {
    private struct Entry {
        var saidAt: ContinuousClock.Instant
        var unsaid = 0
    }

    private static let patience: Duration = .seconds(10)
    private static let mostEntries = 100

    private let entries = Mutex<[String: Entry]>([:])
    private let write: @Sendable (String) -> Void

    /// Error lines that go to `write`.
    init(_ write: @escaping @Sendable (String) -> Void) {
        self.write = write
    }

    /// Says that something went wrong with somebody, or counts it.
    func report(_ problem: String, of subject: String) {
        let now = ContinuousClock.now
        let unsaid = entries.withLock { entries -> Int? in
            if entries.count >= Self.mostEntries { entries = [:] }
            if var entry = entries[problem], now - entry.saidAt < Self.patience {
                entry.unsaid += 1
                entries[problem] = entry
                return nil
            }
            return entries.updateValue(Entry(saidAt: now), forKey: problem)?.unsaid ?? 0
        }
        guard let unsaid else { return }
        write("gateway-sim: \(subject): \(problem)" + (unsaid > 0 ? " (and \(unsaid) times more)" : ""))
    }
}
