public import Logging
import Synchronization
public import UpgradeProtocol

/// Brings about what was ordered: takes in what gateways say, decides by the rules of "The life of one upgrade", and sends.
///
/// There is one consumer of everything that happens, ``run()``. It works in turns: all that arrived while a transaction ran is dealt with in the
/// next one, and what follows from it (acknowledgements, publications, replies) happens once that transaction is durable. The other
/// methods only put something into the inbox.
public final class UpgradeEngine: Sendable {
    private let store: Store
    let link: any GatewayLink
    private let releases: any ReleaseSource
    let time: any TimeSource
    private let logger: Logger
    private let inbox = Inbox()
    /// Changed inside transactions, on the writer's thread, and by nobody else.
    private let state: Mutex<EngineState>
    /// As the last turn left them; apart from ``state``, which is locked for as long as a turn takes.
    let situations = Mutex<[GatewayID: UpgradeSituation]>([:])
    let progress = Mutex(RecentProgress())
    private let turnedAway = TurnedAwayTally()
    /// Whether the database took nothing when it was tried last.
    private let isHeldUp = Atomic(false)
    /// A turn takes at most so many entries, so that acknowledgements do not wait for a whole storm.
    private static let largestTurn = 4096

    /// An engine that does nothing until ``run()``.
    public init(
        store: Store, link: any GatewayLink, releases: any ReleaseSource,
        configuration: EngineConfiguration = EngineConfiguration(), time: any TimeSource = SystemTime(),
        logger: Logger = Logger(label: "engine")
    ) {
        self.store = store
        self.link = link
        self.releases = releases
        self.time = time
        self.logger = logger
        state = Mutex(EngineState(configuration: configuration))
    }

    /// What the engine has counted since it was made.
    public var counters: EngineCounters { EngineCounters(turnedAway: turnedAway.total) }

    /// How the pending upgrades of those of the gateways stand that are connected.
    public func situations(of gateways: some Sequence<GatewayID>) -> [GatewayID: UpgradeSituation] {
        situations.withLock { situations in
            var found: [GatewayID: UpgradeSituation] = [:]
            for gateway in gateways { found[gateway] = situations[gateway] }
            return found
        }
    }

    var wallTime: Timestamp { time.now() }

    // MARK: What is told to it

    /// Takes events of the link, in their order. Never waits: for loop threads.
    public func receive(_ events: [LinkEvent]) { inbox.put(events) }

    /// Orders `version` for the gateways of `target`, superseding what they had to do until now. Returns when the order is durable.
    ///
    /// - Throws: ``DomainError``: `notFound` for a version, a gateway or a company that is not there or not the principal's (one such gateway
    ///   refuses the whole order), `conflict` for a gateway that is not approved, `forbidden` for a role that may not.
    public func order(
        version: Version, target: DeploymentTarget, as principal: Principal
    ) async throws -> Deployment {
        let request = OrderRequest(version: version, target: target, principal: principal)
        return try await ask { .order(request, $0) }
    }

    /// Calls off what is still pending of a deployment, as far as it is the principal's, and stops its unfinished transfers.
    ///
    /// - Throws: ``DomainError``: `notFound` for a deployment that the principal may not see, `forbidden` for a role that may not.
    public func cancel(_ deployment: DeploymentID, as principal: Principal) async throws -> Deployment {
        let request = CancellationRequest(deployment: deployment, principal: principal)
        return try await ask { .cancellation(request, $0) }
    }

    /// The table of releases changed: one was added, withheld, returned or removed. What follows is found by looking.
    public func releasesChanged() { _ = inbox.put(.releasesChanged) }

    /// Somebody approved, enabled, disabled, moved or removed these gateways.
    public func gatewaysChanged(_ gateways: [GatewayID]) { _ = inbox.put(.gatewaysChanged(gateways)) }

    /// Returns when everything that was told before is dealt with and durable.
    public func settled() async throws {
        try await ask { .barrier($0) }
    }

    private func ask<Value>(_ entry: (Reply<Value>) -> Inbox.Entry) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let reply = Reply(continuation)
            if !inbox.put(entry(reply)) { reply.fail(Self.stopped) }
        }
    }

    private static let stopped = DomainError.unavailable("the upgrade engine has stopped")

    // MARK: Turns

    /// Works until the task is cancelled, and then deals with what is left. To be called once.
    public func run() async {
        let alarm = Alarm(time: time) { [inbox] in inbox.ring() }
        inbox.ring()
        // The first turn reads what the last run left behind, whether or not something has arrived.
        for await _ in inbox.bell {
            var batch = inbox.take(Self.largestTurn)
            repeat {
                await deal(with: batch.map(prepare), alarm)
                batch = inbox.take(Self.largestTurn)
            } while !batch.isEmpty && !Task.isCancelled
        }
        await deal(with: inbox.close().map(prepare), alarm)
        alarm.stop()
    }

    /// Deals with what needs no transaction: a message that is refused is acknowledged at once.
    private func prepare(_ entry: Inbox.Entry) -> TurnInput {
        switch entry {
        case .link(.message(let message)):
            let decoded = DecodedMessage(message)
            if case .refused = decoded { message.acknowledge() }
            return .message(decoded, message)
        case .link(let event): return .link(event)
        case .order(let request, let reply): return .order(request, reply)
        case .cancellation(let request, let reply): return .cancellation(request, reply)
        case .verified(let outcome): return .verified(outcome)
        case .releasesChanged: return .releasesChanged
        case .gatewaysChanged(let gateways): return .gatewaysChanged(gateways)
        case .barrier(let reply): return .barrier(reply)
        }
    }

    /// Deals with `inputs`, however long the database takes nothing.
    private func deal(with inputs: [TurnInput], _ alarm: Alarm) async {
        var rest = inputs
        while true {
            do { return try await takeTurn(rest, alarm) } catch {
                // Whoever waits for an answer gets the error; nothing has changed, and the rest is tried again.
                rest.removeAll { $0.fail(error) }
                if isPassing(error) {
                    guard await pause(because: error) else { return }
                    continue
                }
                guard rest.count > 1 else { return giveUp(rest, because: error) }
                // One of them is to blame: the others succeed without it.
                await deal(with: Array(rest[..<(rest.count / 2)]), alarm)
                rest.removeFirst(rest.count / 2)
            }
        }
    }

    private func takeTurn(_ inputs: [TurnInput], _ alarm: Alarm) async throws {
        let monotonic = time.monotonic()
        do {
            let effects = try await store.write { [self] transaction in
                try state.withLock { try $0.takeTurn(inputs, in: transaction, monotonic: monotonic) }
            }
            let changed = state.withLock { state in
                defer { state.commit() }
                return state.changedSituations(monotonic: monotonic, wall: time.now())
            }
            situations.withLock { situations in
                for (gateway, situation) in changed { situations[gateway] = situation }
            }
            if isHeldUp.exchange(false, ordering: .relaxed) { logger.notice("The database takes changes again") }
            perform(effects)
            if let next = effects.nextTurn { alarm.set(next) }
        } catch {
            state.withLock { $0.rollback() }
            throw error
        }
    }

    private func isPassing(_ error: any Error) -> Bool {
        switch error as? DomainError {
        case .unavailable, .storageFull: true
        default: false
        }
    }

    /// Waits a second; false when the engine is to stop instead, with what is left unacknowledged.
    private func pause(because error: any Error) async -> Bool {
        // It may last for hours: once is enough.
        if !isHeldUp.exchange(true, ordering: .relaxed) {
            logger.error(
                "The database takes nothing: what gateways report is not acknowledged until it does",
                metadata: ["error": "\(error)"])
        }
        do { try await time.sleep(until: time.monotonic() + .seconds(1)) } catch { return false }
        return true
    }

    /// Not acknowledged, the message would come again and again, and stop its gateway from being read.
    private func giveUp(_ inputs: [TurnInput], because error: any Error) {
        logger.error(
            "Something could not be dealt with",
            metadata: ["error": "\(error)", "what": .array(inputs.map { "\($0)" })])
        for case .message(_, let message) in inputs { message.acknowledge() }
    }

    private func perform(_ effects: Effects) {
        for acknowledge in effects.acknowledgements { acknowledge() }
        if !effects.cancellations.isEmpty { link.cancel(effects.cancellations) }
        for (connection, reason) in effects.closings { link.close(connection, reason: reason) }
        let timestamp = FrameHeader.timestamp(unixSeconds: time.now().milliseconds / 1000)
        for message in effects.messages { link.publish(message.publication(timestamp: timestamp)) }
        for request in effects.verifications { verify(request) }
        for reply in effects.replies { reply() }
        if let report = turnedAway.add(effects.turnedAway, at: time.monotonic()) {
            logger.warning("Gateways that nobody knows were turned away", metadata: report.metadata)
        }
    }

    private func verify(_ request: VerificationRequest) {
        // Immediate: reading begins before the next turn does.
        Task.immediate { [inbox, releases] in
            let outcome: VerificationOutcome
            do {
                outcome = .verified(try await releases.verifiedCopy(of: request.release))
            } catch let damage as ReleaseDamage {
                outcome = .damaged(damage)
            } catch {
                outcome = .unreadable("\(error)")
            }
            _ = inbox.put(.verified(VerifiedRelease(request: request, outcome: outcome)))
        }
    }
}

/// The other end of a question to the engine. Exactly one of its methods is called, once.
struct Reply<Value: Sendable>: Sendable {
    private let continuation: CheckedContinuation<Value, any Error>

    init(_ continuation: CheckedContinuation<Value, any Error>) { self.continuation = continuation }

    func succeed(_ value: Value) { continuation.resume(returning: value) }
    func fail(_ error: any Error) { continuation.resume(throwing: error) }
}
