import MQTTWire
import Synchronization

/// The figures of one loop: written by that loop alone, read by whoever wants a snapshot.
final class ShardCounters: Sendable {
    enum Figure: Int, CaseIterable {
        case accepted, connected, refused, takeovers, protocolErrors, connectTimeouts, tlsFailures, webSocketFailures
        case acceptPauses, descriptorPauses, connectionsRefused
        case packetsReceived, answersSent, publishesReceived, publishesSent, bytesReceived, bytesSent
        case payloadBytesReceived, payloadBytesSent, publishesRefused, publisherPauses, answerPauses
        case writeStalls, keepAliveTimeouts, authenticationTimeouts
        case sessionsExpired, sessionsRefused, subscriptionsRefused, retainedRefused
        case droppedQueueFullQoS0, droppedQueueFullOldest, droppedTooLarge, droppedExpired, droppedRefused
        case connections, clients, sessions, subscriptions, sharedSubscriptions
        case queuedMessages, queuedBytes, inFlightMessages, unsentBytes
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
        for (figure, path) in Self.counts { snapshot[keyPath: path] += UInt64(max(0, read(figure))) }
        for (figure, path) in Self.levels { snapshot[keyPath: path] += read(figure) }
        for cause in DropCause.allCases {
            snapshot.dropped[cause, default: 0] += UInt64(max(0, read(Self.figure(of: cause))))
        }
    }

    private func read(_ figure: Figure) -> Int { (figures + figure.rawValue).pointee.load(ordering: .relaxed) }

    private typealias Count = WritableKeyPath<BrokerCounters, UInt64> & Sendable
    private typealias Level = WritableKeyPath<BrokerCounters, Int> & Sendable

    /// Where the figures that only grow stand in a snapshot.
    private static let counts: [(Figure, any Count)] = [
        (.accepted, \.accepted), (.connected, \.connected), (.refused, \.refused), (.takeovers, \.takeovers),
        (.protocolErrors, \.protocolErrors), (.connectTimeouts, \.connectTimeouts), (.tlsFailures, \.tlsFailures),
        (.webSocketFailures, \.webSocketFailures), (.acceptPauses, \.acceptPauses),
        (.descriptorPauses, \.descriptorPauses), (.connectionsRefused, \.connectionsRefused),
        (.packetsReceived, \.packetsReceived), (.answersSent, \.packetsSent),
        (.publishesSent, \.packetsSent),
        (.publishesReceived, \.publishesReceived), (.publishesSent, \.publishesSent),
        (.bytesReceived, \.bytesReceived), (.bytesSent, \.bytesSent),
        (.payloadBytesReceived, \.payloadBytesReceived), (.payloadBytesSent, \.payloadBytesSent),
        (.publishesRefused, \.publishesRefused), (.publisherPauses, \.publisherPauses),
        (.answerPauses, \.answerPauses), (.writeStalls, \.writeStalls), (.keepAliveTimeouts, \.keepAliveTimeouts),
        (.authenticationTimeouts, \.authenticationTimeouts), (.sessionsExpired, \.sessionsExpired),
        (.sessionsRefused, \.sessionsRefused), (.subscriptionsRefused, \.subscriptionsRefused),
        (.retainedRefused, \.retainedRefused),
    ]

    /// Where those stand that rise and fall.
    private static let levels: [(Figure, any Level)] = [
        (.connections, \.connections), (.clients, \.clients), (.sessions, \.sessions),
        (.subscriptions, \.subscriptions), (.sharedSubscriptions, \.sharedSubscriptions),
        (.queuedMessages, \.queuedMessages), (.queuedBytes, \.queuedBytes),
        (.inFlightMessages, \.inFlightMessages), (.unsentBytes, \.unsentBytes),
    ]

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
