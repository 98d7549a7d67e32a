import MQTTWire
import Synchronization

/// The figures of one loop: written by that loop alone, read by whoever wants a snapshot.
final class ShardCounters: Sendable {
    enum Figure: Int, CaseIterable {
        case accepted, connected, refused, protocolErrors, connectTimeouts, tlsFailures, webSocketFailures, acceptPauses
        case publishesReceived, publishesSent, bytesReceived, bytesSent, publishesRefused, publisherPauses
        case droppedQueueFullQoS0, droppedQueueFullOldest, droppedTooLarge, droppedExpired, droppedRefused
        case connections, sessions, subscriptions, queuedMessages, queuedBytes
    }

    // Written through atomic operations alone; the pointer itself never changes.
    nonisolated(unsafe) private let figures: UnsafeMutablePointer<Atomic<Int>>

    init() {
        figures = .allocate(capacity: Figure.allCases.count)
        for figure in Figure.allCases { (figures + figure.rawValue).initialize(to: Atomic(0)) }
    }

    deinit {
        figures.deinitialize(count: Figure.allCases.count)
        figures.deallocate()
    }

    /// Adds to a figure, on the loop's thread: with one writer, a load and a store do what an atomic addition would.
    func add(_ count: Int, to figure: Figure) {
        let place = figures + figure.rawValue
        place.pointee.store(place.pointee.load(ordering: .relaxed) &+ count, ordering: .relaxed)
    }

    func countDrop(_ cause: DropCause) {
        add(1, to: Self.figure(of: cause))
    }

    /// Adds this loop's figures to a snapshot.
    func add(to snapshot: inout BrokerCounters) {
        func read(_ figure: Figure) -> Int { (figures + figure.rawValue).pointee.load(ordering: .relaxed) }
        func count(_ figure: Figure) -> UInt64 { UInt64(max(0, read(figure))) }
        snapshot.accepted += count(.accepted)
        snapshot.connected += count(.connected)
        snapshot.refused += count(.refused)
        snapshot.protocolErrors += count(.protocolErrors)
        snapshot.connectTimeouts += count(.connectTimeouts)
        snapshot.tlsFailures += count(.tlsFailures)
        snapshot.webSocketFailures += count(.webSocketFailures)
        snapshot.acceptPauses += count(.acceptPauses)
        snapshot.publishesReceived += count(.publishesReceived)
        snapshot.publishesSent += count(.publishesSent)
        snapshot.bytesReceived += count(.bytesReceived)
        snapshot.bytesSent += count(.bytesSent)
        snapshot.publishesRefused += count(.publishesRefused)
        snapshot.publisherPauses += count(.publisherPauses)
        for cause in DropCause.allCases { snapshot.dropped[cause, default: 0] += count(Self.figure(of: cause)) }
        snapshot.connections += read(.connections)
        snapshot.sessions += read(.sessions)
        snapshot.subscriptions += read(.subscriptions)
        snapshot.queuedMessages += read(.queuedMessages)
        snapshot.queuedBytes += read(.queuedBytes)
    }

    private static func figure(of cause: DropCause) -> Figure {
        switch cause {
        case .queueFullQoS0: .droppedQueueFullQoS0
        case .queueFullOldest: .droppedQueueFullOldest
        case .tooLargeForClient: .droppedTooLarge
        case .expired: .droppedExpired
        case .deliveryRefused: .droppedRefused
        }
    }
}
