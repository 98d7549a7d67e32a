import DequeModule
import Dispatch
import GRDB
public import Logging
public import MQTTBroker
public import MQTTWire
import Synchronization

/// Sessions, retained messages and pending wills in a SQLite database: what was acknowledged survives a crash of the process and of the machine.
///
/// What comes while a transaction runs goes into the next one, without a timer. A message that is delivered before its turn to be written comes is not
/// written. The folder belongs to one process at a time.
public final class DiskSessionStore: SessionStore {
    private typealias Completion = @Sendable () -> Void

    private struct Inbox {
        var handovers: Deque<(changes: [StoreChange], whenDurable: Completion)> = []
        var changeCount = 0
        var isScheduled = false
        var isClosed = false
    }

    private let path: String
    private let logger: Logger
    private let now: @Sendable () -> MonotonicTime
    private let clockInterval: Duration
    private let inbox = Mutex(Inbox())
    private let isBroken = Atomic<Bool>(false)
    private let counted = Mutex(StoreFigures())
    private let writer: Writer
    private let queue = DispatchQueue(label: "sessions on disk")

    /// What the writer's queue alone touches.
    ///
    /// `@unchecked Sendable`: every access is on `queue`, one at a time.
    private final class Writer: @unchecked Sendable {
        /// Its lock is held until the store is closed.
        var folder: StorageFolder?
        var database: DatabaseQueue?
        var index: Index?
        /// Since the state was loaded.
        var clock: OperatingClock?
        var timeWritten: Int64 = 0
        var clockTimer: (any DispatchSourceTimer)?
        var handoverNumber: UInt64 = 0
        /// What is to be called, in order, once everything up to that hand-over is durable and whole.
        var completions: Deque<(number: UInt64, call: Completion)> = []

        init(folder: consuming StorageFolder, database: DatabaseQueue) {
            self.folder = consume folder
            self.database = database
        }
    }

    /// Opens the store in a folder, which is made if need be, with mode 0700.
    ///
    /// - Parameters:
    ///   - folder: Where the files are; its parent exists.
    ///   - logger: Hears when the disk fails, and when it works again.
    ///   - now: The monotonic clock; another one for tests.
    /// - Throws: ``StorageError``; nothing was changed then.
    public convenience init(
        folder: String, logger: Logger = Logger(label: "mqtt-broker"),
        now: @escaping @Sendable () -> MonotonicTime = { .now }
    ) throws(StorageError) {
        try self.init(folder: folder, logger: logger, now: now, clockInterval: StorageLimits.clockInterval)
    }

    init(
        folder: String, logger: Logger = Logger(label: "mqtt-broker"), now: @escaping @Sendable () -> MonotonicTime,
        clockInterval: Duration
    ) throws(StorageError) {
        let folder = try StorageFolder.open(folder)
        path = folder.database
        try folder.checkLog()
        if folder.isDatabaseGone { logger.warning("\(StorageError.missing(path: path))") }
        let database = try Tables.open(path)
        try folder.noteUse()
        writer = Writer(folder: folder, database: database)
        self.logger = logger
        self.now = now
        self.clockInterval = clockInterval
    }

    /// Gives back what was there when the process ended. Once.
    public func load() throws -> StoredState {
        try queue.sync {
            guard writer.index == nil, let database = writer.database else { throw StorageError.notOpen }
            do {
                let (index, state, time) = try database.read { try Loading.load($0) }
                writer.index = index
                writer.clock = OperatingClock(base: time, start: now())
                writer.timeWritten = time
                startClockTimer()
                countHoldings(commit: nil)
                return state
            } catch let error as CheckedRow.Nonsense {
                throw StorageError.damaged(path: path, problem: error.description)
            } catch {
                throw StorageError(error, path: path)
            }
        }
    }

    /// Takes changes, to be written in the background.
    public func apply(_ changes: [StoreChange], whenDurable: @escaping @Sendable () -> Void) {
        let mustStart = inbox.withLock { inbox in
            guard !inbox.isClosed else { return false }
            inbox.handovers.append((changes, whenDurable))
            inbox.changeCount += changes.count
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if mustStart { queue.async { self.writeWhatCame() } }
    }

    /// Whether the disk fails, or is so far behind that nothing more should be promised.
    public var isFailing: Bool {
        isBroken.load(ordering: .relaxed) || inbox.withLock { $0.changeCount > StorageLimits.waitingChanges }
    }

    /// What is stored, and what it took.
    public var figures: StoreFigures? {
        var figures = counted.withLock { $0 }
        figures.bytes = StorageFolder.size(of: path) + StorageFolder.size(of: path + "-wal")
        return figures
    }

    /// Writes what has come and closes the files. What comes later is lost, and never called durable. Blocks until done.
    public func close() {
        queue.sync {
            writer.clockTimer?.cancel()
            writer.clockTimer = nil
            noteTime()
            inbox.withLock { $0.isClosed = true }
            writeWhatCame()
            do {
                try writer.database?.close()
            } catch {
                logger.error("the sessions' database does not close", metadata: ["reason": "\(error)"])
            }
            writer.database = nil
            writer.folder = nil
        }
    }

    // MARK: Writing

    private func writeWhatCame() {
        let handovers = inbox.withLock { inbox in
            defer { (inbox.handovers, inbox.changeCount, inbox.isScheduled) = ([], 0, false) }
            return inbox.handovers
        }
        let now = time
        for (changes, whenDurable) in handovers {
            writer.handoverNumber += 1
            for change in changes { writer.index?.take(change, number: writer.handoverNumber, now: now) }
            writer.completions.append((writer.handoverNumber, whenDurable))
        }
        commit(timeToo: false)
    }

    /// Operating time in milliseconds.
    private var time: Int64 { writer.clock?.milliseconds(at: now()) ?? 0 }

    /// Writes how far time has got, every so often, if anything waits for it: so much later at most comes what would have come soon after a crash.
    private func startClockTimer() {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        let interval = DispatchTimeInterval.milliseconds(Int(clockInterval.milliseconds))
        timer.schedule(deadline: .now() + interval, repeating: interval)
        timer.setEventHandler { [weak self] in self?.noteTime() }
        timer.activate()
        writer.clockTimer = timer
    }

    /// Writes what has come, and the time if anything waits for it.
    private func noteTime() {
        writeWhatCame()
        if writer.index?.hasDeadlines ?? false { commit(timeToo: true) }
        shrink()
    }

    /// Gives pages back to the file system when most of the file is free, some at a time: nobody waits for longer than a commit takes.
    private func shrink() {
        guard let database = writer.database, !isBroken.load(ordering: .relaxed) else { return }
        do {
            try database.writeWithoutTransaction { try Tables.shrink($0) }
        } catch {
            logger.warning(
                "the sessions' database cannot be made smaller",
                metadata: ["reason": "\(StorageError(error, path: path))"])
        }
    }

    private func commit(timeToo: Bool) {
        guard let database = writer.database, let isIdle = writer.index?.pending.isEmpty else { return }
        let time = time
        let start = MonotonicTime.now
        // After a failure something is to be written before the disk is believed again.
        let mustTimeGo = timeToo || isBroken.load(ordering: .relaxed)
        let isWriting = mustTimeGo || !isIdle
        let isTimeWritten = mustTimeGo || time - writer.timeWritten >= StorageLimits.clockStep
        do {
            if isWriting {
                try database.writeWithoutTransaction { [writer] database in
                    try database.inTransaction(.immediate) {
                        try writer.index?.write(to: database, time: isTimeWritten ? time : nil)
                        return .commit
                    }
                }
            }
        } catch {
            return commitFailed(error)
        }
        // No copy of the index is alive here: changing it would copy what it has of all sessions.
        writer.index?.wasWritten()
        if isWriting, isTimeWritten { writer.timeWritten = time }
        countHoldings(commit: isWriting ? MonotonicTime.now - start : nil)
        if isBroken.exchange(false, ordering: .relaxed) { logger.notice("sessions can be kept again") }
        let firstOpen = writer.index?.openParts.values.lazy.map(\.since).min() ?? .max
        while let first = writer.completions.first, first.number < firstOpen {
            writer.completions.removeFirst()
            first.call()
        }
    }

    /// Counts what is stored, and a transaction that took so long.
    private func countHoldings(commit duration: Duration?) {
        let (sessions, messages) = (writer.index?.sessions.count ?? 0, writer.index?.references.count ?? 0)
        counted.withLock { figures in
            (figures.sessions, figures.messages) = (sessions, messages)
            guard let duration else { return }
            figures.commits += 1
            figures.commitTime += duration
        }
    }

    /// Nothing was written and nothing is lost: it is tried again with what comes meanwhile.
    private func commitFailed(_ error: any Error) {
        counted.withLock { $0.failures += 1 }
        if !isBroken.exchange(true, ordering: .relaxed) {
            logger.critical(
                "sessions cannot be kept: nothing that would have to be is acknowledged until they can",
                metadata: ["reason": "\(StorageError(error, path: path))"])
        }
        let isFirst = inbox.withLock { inbox in
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        guard isFirst else { return }
        queue.asyncAfter(deadline: .now() + .milliseconds(StorageLimits.retryMilliseconds)) { self.writeWhatCame() }
    }
}
