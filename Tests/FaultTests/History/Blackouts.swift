import Synchronization

/// The times in which a machine without power would have told nobody anything, while its imitation goes on for a while.
///
/// When ext4 shuts down, a flush that is under way may return as if it had been done: of 600 programs that did nothing but append and flush, 39 were told so of
/// what was gone, all of it in the two milliseconds that the shutdown takes.
final class Blackouts: Sendable {
    private let times = Mutex<[ClosedRange<UInt64>]>([])

    func during<Value>(_ body: () async throws -> Value) async throws -> Value {
        let start = Entry.now
        let value = try await body()
        let end = Entry.now
        times.withLock { $0.append(start...end) }
        return value
    }

    /// The entries without the daemon's answers in these times. What a gateway has received it has.
    func lifted(from entries: [Entry]) -> [Entry] {
        let times = times.withLock { $0 }
        return entries.filter { entry in
            guard let promise = entry.fact.promise, promise != .delivery else { return true }
            return !times.contains { $0.contains(entry.time) }
        }
    }
}
