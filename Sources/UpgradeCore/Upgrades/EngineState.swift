import HeapModule
import UpgradeProtocol

/// Everything that the engine holds in memory. It changes in turns, one per transaction, and with a transaction that fails goes back to what it was.
struct EngineState: Sendable {
    let configuration: EngineConfiguration
    var gateways = UndoableTable<GatewayID, GatewayState>()
    var common: Common
    /// ``common`` as it was when the turn began.
    private var savedCommon: Common?

    /// What is not of one gateway; small enough to be kept twice during a turn.
    struct Common {
        var clock: OperatingClock?
        var agenda = Agenda()
        var dispatcher: Dispatcher
        var deployments = LiveDeployments()
        var copies: [VerificationRequest.Purpose: Verification] = [:]
        var catalogue = Catalogue()
        /// Lets gateways into quarantine.
        var quarantine: Pacer
    }

    init(configuration: EngineConfiguration) {
        self.configuration = configuration
        let quarantine = configuration.quarantineLimits
        common = Common(
            dispatcher: Dispatcher(limits: configuration.transferLimits, egressLimit: configuration.egressLimit),
            quarantine: Pacer(tolerance: quarantine.interval * max(quarantine.burst - 1, 0)))
    }

    // MARK: Turns

    /// Deals with `inputs` in one transaction. To be followed by ``commit()`` or ``rollback()``; a repetition takes back the turn before.
    mutating func takeTurn(
        _ inputs: [TurnInput], in transaction: Transaction, monotonic: Duration
    ) throws -> Effects {
        rollback()
        savedCommon = common
        let isFirst = common.clock == nil
        var clock = try common.clock ?? OperatingClock(resumingIn: transaction, at: monotonic)
        var turn = Turn(transaction: transaction, now: clock.time(at: monotonic))
        try clock.save(turn.now, in: transaction)
        common.clock = clock
        if isFirst { try recover(&turn) }
        for input in inputs { try handle(input, &turn) }
        try passTime(&turn)
        for gateway in turn.reconcile {
            try reconcile(gateway, &turn)
            forgetUnneeded(gateway, at: turn.now)
        }
        // Nobody was ready: whoever becomes so later comes after the wave.
        for deployment in turn.ordered where common.copies[.push(deployment)] == nil {
            common.deployments.waveIsOver(for: deployment)
        }
        try dispatch(&turn)
        for gateway in turn.heard { try turn.gateways.recordHeard(gateway) }
        turn.effects.nextTurn = nextTurn(after: turn.now).map(clock.monotonic(at:))
        return turn.effects
    }

    mutating func commit() {
        gateways.commit()
        savedCommon = nil
    }

    mutating func rollback() {
        gateways.rollback()
        if let savedCommon { common = savedCommon }
        savedCommon = nil
    }

    private mutating func handle(_ input: TurnInput, _ turn: inout Turn) throws {
        switch input {
        case .link(let event): try handle(event, &turn)
        case .message(let decoded, let message): try handle(decoded, of: message, &turn)
        case .order(let request, let reply):
            do {
                let deployment = try order(request, &turn)
                turn.effects.replies.append { reply.succeed(deployment) }
            } catch let refusal as DomainError {
                turn.effects.replies.append { reply.fail(refusal) }
            }
        case .cancellation(let request, let reply):
            do {
                let deployment = try cancel(request, &turn)
                turn.effects.replies.append { reply.succeed(deployment) }
            } catch let refusal as DomainError {
                turn.effects.replies.append { reply.fail(refusal) }
            }
        case .verified(let outcome): try verified(outcome, &turn)
        case .releasesChanged: try releasesChanged(&turn)
        case .gatewaysChanged(let changed): for gateway in changed { try gatewayChanged(gateway, &turn) }
        case .barrier(let reply): turn.effects.replies.append { reply.succeed(()) }
        }
    }

    // MARK: Gateways

    /// Changes what is held of a gateway, which begins with this if nothing was.
    mutating func with<Result>(_ gateway: GatewayID, _ body: (inout GatewayState) throws -> Result) rethrows -> Result {
        let fresh = GatewayState(download: DownloadState(limits: configuration.downloadLimits))
        return try body(&gateways[gateway, default: fresh])
    }

    // MARK: Time

    /// Deals with the gateways for which something is due.
    private mutating func passTime(_ turn: inout Turn) throws {
        while let gateway = common.agenda.next(dueAt: turn.now) {
            if let change = gateways[gateway]?.upgrade?.machine.timePassed(to: turn.now) {
                try record(change, gateway, &turn)
            }
            try advanceDownload(of: gateway, &turn)
            turn.reconcile.insert(gateway)
        }
        if common.agenda.isOvergrown(for: gateways.entries.count) {
            // Everybody is looked at once more, and noted again for what is found.
            common.agenda = Agenda()
            for (gateway, state) in gateways.entries {
                common.agenda.note(gateway, at: turn.now)
                if let upgrade = state.upgrade { common.agenda.note(gateway, at: upgrade.machine.deadline) }
            }
        }
    }

    private mutating func forgetUnneeded(_ gateway: GatewayID, at now: OperatingTime) {
        guard let state = gateways[gateway], state.isIdle else { return }
        if let time = state.download.pacer.fullTime(after: now) {
            common.agenda.note(gateway, at: time)
        } else {
            gateways[gateway] = nil
        }
    }

    private func nextTurn(after now: OperatingTime) -> OperatingTime? {
        var next = [common.agenda.earliest, common.dispatcher.nextChance(after: now)].compactMap(\.self).min()
        // While time counts for anybody, the time that has passed is saved every so often.
        if common.agenda.earliest != nil {
            next = min(next ?? .distantFuture, now.advanced(by: OperatingClock.savingInterval))
        }
        return next
    }
}

/// Which gateway is to be looked at when. What is noted stays until it is due, so that looking may find nothing to do.
struct Agenda {
    private struct Item: Comparable {
        var time: OperatingTime
        var gateway: GatewayID

        static func < (left: Item, right: Item) -> Bool { left.time < right.time }
    }

    private var items = Heap<Item>()

    var earliest: OperatingTime? { items.min?.time }

    mutating func note(_ gateway: GatewayID, at time: OperatingTime) {
        items.insert(Item(time: time, gateway: gateway))
    }

    mutating func next(dueAt now: OperatingTime) -> GatewayID? {
        guard let earliest, earliest <= now else { return nil }
        return items.popMin()?.gateway
    }

    /// Whether most of what is noted must be out of date.
    func isOvergrown(for gateways: Int) -> Bool { items.count > 1024 + 8 * gateways }
}
