import CPosix
import DequeModule
import Synchronization

/// One thread that waits for descriptors and timers and runs everything that belongs to them, in turns.
///
/// A turn: wait; hand out events; run what other threads posted; fire timers; let every source with output write once. Sources register once,
/// edge-triggered, in both directions; the kernel is not told again.
///
/// `@unchecked Sendable`: `mailbox`, the descriptors and the thread's identity are all that other threads touch, and those are a mutex or never
/// change; everything in `state` belongs to the loop's thread, which every entry checks.
public final class EventLoop: @unchecked Sendable {
    /// Work for the loop's thread.
    public typealias Job = @Sendable () -> Void
    /// Names a started timer.
    public typealias TimerID = TimerWheel<EventSource>.ID

    private struct Mailbox {
        var jobs: [Job] = []
        var isStopping = false
        var hasStopped = false
    }

    private struct Slot {
        var source: EventSource?
        /// Distinguishes the source that an event of this batch was meant for from one that took its place since.
        var generation: UInt32 = 0
    }

    private struct State {
        var slots: [Slot] = []
        var freeSlots: [Int] = []
        var timers = TimerWheel<EventSource>()
        var toFlush: [EventSource] = []
        /// Of those, the ones with much to write, longest waiting first.
        var toFlushLater: Deque<EventSource> = []
        var toResume: [EventSource] = []
        /// Those that wait for their step of a handshake, longest first.
        var toHandshake: Deque<EventSource> = []
        var handshakeStepsLeft = TLSLimits.handshakeStepsPerTurn
        /// Whose turn it is of those that waited.
        var handshaking: EventSource?
    }

    private static let wakeupMark = UInt64.max
    private static let eventsAtOnce = 512
    /// The time of a turn in which sources with much to write do so, give or take the last of them.
    private static let bulkPerTurn = Duration.milliseconds(5)
    /// How much one read takes at most; also how much one connection may take of a turn.
    static let readBufferSize = 256 * 1024

    private let epoll: Descriptor
    private let wakeup: Descriptor
    private let mailbox = Mutex(Mailbox())
    private let thread = Mutex<pthread_t?>(nil)
    private let threadID = Atomic<UInt>(0)
    private var state = State()

    /// The moment at which this turn began; on the loop's thread.
    public private(set) var now = MonotonicTime.now
    /// How far a loop without a thread is ahead of the clock.
    private var lead = Duration.zero
    private var current: MonotonicTime { .now + lead }

    /// Memory that whoever reads on this loop uses, within one call.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: EventLoop.readBufferSize, alignment: 16)

    /// Starts the thread. It keeps the loop alive until `stop`.
    ///
    /// Throws `TransportError.system` when the process has no descriptor or thread left.
    public convenience init() throws(TransportError) {
        try self.init(on: 0)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            throw .system(call: "pthread_create", SystemErrno(code: result))
        }
        self.thread.withLock { $0 = thread }
    }

    /// A loop whose turns are taken by whoever made it, on that very thread, with ``turn(skipping:)`` until ``endTurns()``: nothing happens in between,
    /// and the same turns do the same each time.
    convenience init(withoutThread: Void) throws(TransportError) {
        try self.init(on: UInt(pthread_self()))
        cposix_block_sigpipe()
    }

    private init(on thread: UInt) throws(TransportError) {
        let epollDescriptor = epoll_create1(cposix_epoll_cloexec())
        guard epollDescriptor >= 0 else { throw .system(call: "epoll_create1", .last) }
        epoll = Descriptor(adopting: epollDescriptor)
        let eventDescriptor = eventfd(0, cposix_eventfd_flags())
        guard eventDescriptor >= 0 else { throw .system(call: "eventfd", .last) }
        wakeup = Descriptor(adopting: eventDescriptor)
        var event = epoll_event(events: EPOLLIN.rawValue | cposix_epollet(), data: epoll_data_t(u64: Self.wakeupMark))
        guard epoll_ctl(epoll.rawValue, EPOLL_CTL_ADD, wakeup.rawValue, &event) == 0 else {
            throw .system(call: "epoll_ctl", .last)
        }
        threadID.store(thread, ordering: .relaxed)
    }

    deinit {
        readBuffer.deallocate()
    }

    // MARK: From any thread

    /// True on the loop's own thread.
    public var isCurrent: Bool { threadID.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Has the loop run the job soon, after those posted before.
    ///
    /// Returns false if the loop has stopped: then the job never runs.
    @discardableResult
    public func execute(_ job: @escaping Job) -> Bool {
        let (accepted, wasEmpty) = mailbox.withLock { mailbox in
            guard !mailbox.hasStopped else { return (false, false) }
            mailbox.jobs.append(job)
            return (true, mailbox.jobs.count == 1)
        }
        if wasEmpty { signal() }
        return accepted
    }

    /// Has the loop end after this turn: what was posted before runs, every source is told, then the thread ends.
    public func stop() {
        mailbox.withLock { $0.isStopping = true }
        signal()
    }

    /// Waits, blocking the calling thread, until a loop that was told to stop has ended. Not for the loop's own thread.
    public func join() {
        precondition(!isCurrent, "a loop cannot wait for itself")
        guard let thread = thread.withLock({ $0.take() }) else { return }
        pthread_join(thread, nil)
    }

    private func signal() {
        var one: UInt64 = 1
        // Full (2^64 - 2 signals) is the one way to fail; then the loop is awake anyway.
        _ = write(wakeup.rawValue, &one, 8)
    }

    // MARK: On the loop's thread

    /// Begins to hand events of the descriptor to the source. The descriptor must stay open until `deregister`.
    public func register(_ source: EventSource, descriptor: Int32) throws(TransportError) {
        assertCurrent()
        let index: Int
        if let recycled = state.freeSlots.popLast() {
            index = recycled
        } else {
            index = state.slots.count
            state.slots.append(Slot())
        }
        let mark = UInt64(state.slots[index].generation) << 32 | UInt64(index)
        let interest = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | cposix_epollet()
        var event = epoll_event(events: interest, data: epoll_data_t(u64: mark))
        guard epoll_ctl(epoll.rawValue, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            state.freeSlots.append(index)
            throw .system(call: "epoll_ctl", .last)
        }
        state.slots[index].source = source
        source.slot = UInt32(truncatingIfNeeded: index)
    }

    /// Ends the events of a source, also those of this very turn. The descriptor may be closed or given to another loop afterwards.
    public func deregister(_ source: EventSource, descriptor: Int32) {
        assertCurrent()
        guard let slot = source.slot else { return }
        // No pointer to an event is needed to delete, but kernels before 2.6.9 wanted one; a failure means the descriptor was not registered.
        _ = epoll_ctl(epoll.rawValue, EPOLL_CTL_DEL, descriptor, nil)
        forget(Int(slot))
    }

    private func forget(_ index: Int) {
        state.slots[index].source?.slot = nil
        state.slots[index].source = nil
        state.slots[index].generation &+= 1
        state.freeSlots.append(index)
    }

    /// Calls the source's `endOfTurn` once when this turn ends; a later one's end if it and others have much to write. Asked for from within `endOfTurn`, it
    /// is the next turn's end.
    public func flushAtEndOfTurn(_ source: EventSource) {
        assertCurrent()
        guard !source.isQueuedForFlush else { return }
        source.isQueuedForFlush = true
        state.toFlush.append(source)
    }

    /// Calls the source's `ready(.readable)` in the next turn, for one that stopped before everything was read.
    public func resumeNextTurn(_ source: EventSource) {
        assertCurrent()
        guard !source.isQueuedForResume else { return }
        source.isQueuedForResume = true
        state.toResume.append(source)
    }

    /// Whether the source may take a step of a handshake now, which costs as much as a thousand packets. If not, its `ready(.readable)` is called in a
    /// turn to come, after those that waited before it.
    func admitsHandshakeStep(_ source: EventSource) -> Bool {
        assertCurrent()
        if state.handshaking === source { return true }
        guard state.toHandshake.isEmpty, state.handshakeStepsLeft > 0 else {
            if !source.isQueuedForHandshake {
                source.isQueuedForHandshake = true
                state.toHandshake.append(source)
            }
            return false
        }
        state.handshakeStepsLeft -= 1
        return true
    }

    /// Runs the closure on this loop when the time has passed, give or take a millisecond.
    @discardableResult
    public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> TimerID {
        assertCurrent()
        return start(after: delay, TimedAction(action, loop: self))
    }

    /// Calls the source's `timeIsUp` when the time has passed, give or take a millisecond: what there are thousands of needs no closure for it.
    public func schedule(_ source: EventSource, after delay: Duration) -> TimerID {
        assertCurrent()
        return start(after: delay, source)
    }

    private func start(after delay: Duration, _ source: EventSource) -> TimerID {
        // Rounded up: a timer that fires early finds its deadline not reached.
        let deadline = current + delay + .nanoseconds(999_999)
        return state.timers.start(at: deadline.nanoseconds / 1_000_000, source)
    }

    /// Stops a timer; one that has fired is none any more.
    public func cancel(_ timer: TimerID) {
        assertCurrent()
        state.timers.cancel(timer)
    }

    /// Stops the program if called from another thread: what follows would be a data race.
    @inline(__always)
    func assertCurrent(function: StaticString = #function) {
        precondition(isCurrent, "\(function) belongs on the loop's own thread")
    }

    // MARK: The thread

    private func run() {
        threadID.store(UInt(pthread_self()), ordering: .relaxed)
        cposix_block_sigpipe()
        now = current
        _ = state.timers.advance(to: now.nanoseconds / 1_000_000)
        let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: Self.eventsAtOnce)
        defer { events.deallocate() }
        while !turn(events, timeout) {}
        end()
    }

    /// Takes a turn that does not wait, with a clock that time was added to; only for a loop without a thread.
    func turn(skipping time: Duration = .zero) {
        lead += time
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 64) { _ = turn($0, 0) }
    }

    /// Whether a turn at this time would find nothing to do that the loop knows of; only for a loop without a thread.
    var isAtRest: Bool { timeout != 0 && mailbox.withLock { $0.jobs.isEmpty } }

    /// Ends a loop without a thread as ``stop()`` does one with a thread.
    func endTurns() { end() }

    /// One turn; returns whether the loop was told to stop.
    private func turn(_ events: UnsafeMutableBufferPointer<epoll_event>, _ timeout: Int32) -> Bool {
        let count = epoll_wait(epoll.rawValue, events.baseAddress, Int32(events.count), timeout)
        now = current
        resumeHandshakes()
        for index in 0..<max(0, Int(count)) {
            dispatch(events[index])
        }
        resumeSources()
        let isStopping = runJobs()
        for timer in state.timers.advance(to: now.nanoseconds / 1_000_000) { state.timers.cancel(timer)?.timeIsUp() }
        flushSources()
        return isStopping
    }

    /// Milliseconds that the next wait may last.
    private var timeout: Int32 {
        guard state.toFlush.isEmpty, state.toFlushLater.isEmpty, state.toResume.isEmpty, state.toHandshake.isEmpty
        else { return 0 }
        guard let deadline = state.timers.nextDeadline else { return -1 }
        let current = current.nanoseconds
        let (due, overflow) = deadline.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return .max }
        guard due > current else { return 0 }
        return Int32(clamping: (due - current + 999_999) / 1_000_000)
    }

    private func dispatch(_ event: epoll_event) {
        let mark = event.data.u64
        guard mark != Self.wakeupMark else {
            var value: UInt64 = 0
            _ = read(wakeup.rawValue, &value, 8)
            return
        }
        let index = Int(truncatingIfNeeded: mark & 0xFFFF_FFFF)
        guard state.slots[index].generation == UInt32(mark >> 32), let source = state.slots[index].source else {
            return
        }
        source.ready(Readiness(rawValue: event.events))
    }

    /// A new turn: those that have waited for it come before those that events are about.
    private func resumeHandshakes() {
        state.handshakeStepsLeft = TLSLimits.handshakeStepsPerTurn
        while state.handshakeStepsLeft > 0, let source = state.toHandshake.popFirst() {
            source.isQueuedForHandshake = false
            guard source.isRegistered else { continue }
            state.handshakeStepsLeft -= 1
            state.handshaking = source
            source.ready(.readable)
            state.handshaking = nil
        }
    }

    private func resumeSources() {
        guard !state.toResume.isEmpty else { return }
        let sources = state.toResume
        state.toResume = []
        for source in sources {
            source.isQueuedForResume = false
            if source.isRegistered { source.ready(.readable) }
        }
    }

    /// Who has little to write does so at once. The others share some milliseconds of the turn and go on in the next: when a release goes to a thousand
    /// gateways, a STATUS or its answer waits no longer than that.
    private func flushSources() {
        guard !state.toFlush.isEmpty || !state.toFlushLater.isEmpty else { return }
        let sources = state.toFlush
        state.toFlush = []
        for source in sources {
            if source.hasMuchToWrite { state.toFlushLater.append(source) } else { flush(source) }
        }
        var share = TurnShare(Self.bulkPerTurn)
        while !share.isUsedUp, let source = state.toFlushLater.popFirst() {
            flush(source)
            share.use()
        }
    }

    private func flush(_ source: EventSource) {
        source.isQueuedForFlush = false
        source.endOfTurn()
    }

    /// Runs what was posted; returns whether the loop was told to stop.
    private func runJobs() -> Bool {
        let (jobs, isStopping) = mailbox.withLock { mailbox in
            let jobs = mailbox.jobs
            mailbox.jobs = []
            return (jobs, mailbox.isStopping)
        }
        for job in jobs { job() }
        return isStopping
    }

    private func end() {
        for index in state.slots.indices {
            guard let source = state.slots[index].source else { continue }
            forget(index)
            source.loopStopped()
        }
        // What the sources posted on their way out still runs; from then on `execute` refuses.
        var remaining: [Job] = []
        repeat {
            remaining = mailbox.withLock { mailbox in
                let jobs = mailbox.jobs
                mailbox.jobs = []
                if jobs.isEmpty { mailbox.hasStopped = true }
                return jobs
            }
            for job in remaining { job() }
        } while !remaining.isEmpty
        state = State()
    }
}
