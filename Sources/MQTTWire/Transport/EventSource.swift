import CPosix

/// What an event says of a descriptor.
public struct Readiness: OptionSet, Sendable {
    /// Bits of `epoll_event.events`.
    public let rawValue: UInt32

    /// Wraps the bits of `epoll_event.events`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There may be something to read.
    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    /// There may be room to write.
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer closed or the connection broke: reading must go on to the end, or the end is never seen.
    public static let ended = Readiness(rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)

    /// True if any of the conditions in `other` holds.
    func hasAny(of other: Readiness) -> Bool { !isDisjoint(with: other) }
}

/// Something with a descriptor that lives on one event loop: everything in it is touched on that loop's thread alone.
///
/// A class to inherit from rather than a protocol: a connection is one object, and an event reaches it by one virtual call.
open class EventSource {
    /// The loop that this source belongs to for good.
    public final let loop: EventLoop

    /// Where the loop keeps it, while it is registered.
    final var slot: UInt32?
    final var isQueuedForFlush = false
    final var isQueuedForResume = false
    final var isQueuedForHandshake = false

    /// A source of a loop, not yet registered with it.
    public init(loop: EventLoop) {
        self.loop = loop
    }

    /// True while events arrive.
    public final var isRegistered: Bool { slot != nil }

    /// An edge: something changed since the last time; nothing is repeated for what is left undone.
    open func ready(_ readiness: Readiness) {}

    /// Whether writing takes so long that it should not hold up those who have little to write.
    open var hasMuchToWrite: Bool { false }

    /// The end of a turn in which `EventLoop.flushAtEndOfTurn` was called for this source: the moment to write.
    open func endOfTurn() {}

    /// The time is up that `EventLoop.schedule(_:after:)` was told for this source.
    open func timeIsUp() {}

    /// The loop stops; this is the last call. The source is no longer registered.
    open func loopStopped() {}
}

/// A closure that a timer is for.
final class TimedAction: EventSource {
    private let action: () -> Void

    init(_ action: @escaping () -> Void, loop: EventLoop) {
        self.action = action
        super.init(loop: loop)
    }

    override func timeIsUp() { action() }
}
