import DequeModule
import Synchronization
import UpgradeProtocol

/// What waits for the engine's next turn. Filled from any thread without waiting, emptied by the engine alone.
///
/// It needs no limit of its own: the link stops reading from a gateway of which too many messages are not acknowledged yet.
final class Inbox: Sendable {
    private struct Contents {
        var entries: Deque<Entry> = []
        var isClosed = false
    }

    /// Something for the engine to deal with, in the order of arrival.
    enum Entry: Sendable {
        case link(LinkEvent)
        case order(OrderRequest, Reply<Deployment>)
        case cancellation(CancellationRequest, Reply<Deployment>)
        case verified(VerifiedRelease)
        case releasesChanged
        case gatewaysChanged([GatewayID])
        /// Answered when everything before it is durable.
        case barrier(Reply<Void>)
    }

    /// Rings when there is something to do.
    let bell: AsyncStream<Void>
    private let ringer: AsyncStream<Void>.Continuation
    private let contents = Mutex(Contents())

    init() {
        (bell, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func ring() { ringer.yield() }

    func put(_ events: [LinkEvent]) {
        let wasEmpty = contents.withLock { contents in
            let wasEmpty = contents.entries.isEmpty
            // One by one: they are few at a time, mostly one.
            for event in events { contents.entries.append(.link(event)) }
            return wasEmpty
        }
        if wasEmpty { ring() }
    }

    /// Returns whether the entry was taken: after ``close()`` none is.
    func put(_ entry: Entry) -> Bool {
        let taken = contents.withLock { contents in
            if contents.isClosed { return false }
            contents.entries.append(entry)
            return true
        }
        if taken { ring() }
        return taken
    }

    /// Takes at most `limit` entries.
    func take(_ limit: Int) -> [Entry] {
        contents.withLock { contents in
            let batch = Array(contents.entries.prefix(limit))
            contents.entries.removeFirst(batch.count)
            return batch
        }
    }

    /// Takes no more entries but those of the link, which nobody waits for.
    func close() -> [Entry] {
        contents.withLock { contents in
            contents.isClosed = true
            defer { contents.entries = [] }
            return Array(contents.entries)
        }
    }
}
