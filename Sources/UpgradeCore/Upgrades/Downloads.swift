import UpgradeProtocol

/// How far a gateway's REQUEST_UPGRADE has got. At most one download of a gateway waits or is under way; repetitions join it.
struct DownloadState {
    /// What it asked for and is not being sent yet.
    private(set) var wanted: ReleaseID?
    /// Until when it is waited for the subscription.
    private(set) var heldUntil: OperatingTime?
    /// Its place in the queue, as an upgrade's.
    var ticket: UInt64?
    private var underWay: (transfer: TransferID, release: ReleaseID)?
    /// How often it may ask.
    var pacer: Pacer
    let interval: Duration

    init(limits: DownloadLimits) {
        interval = limits.interval
        pacer = Pacer(tolerance: limits.interval * max(limits.burst - 1, 0))
    }

    var isIdle: Bool { wanted == nil && underWay == nil }
    var isUnderWay: Bool { underWay != nil }

    /// A repetition joins what it repeats; another version takes the place of what has not begun.
    mutating func request(_ release: ReleaseID, at now: OperatingTime) {
        guard underWay?.release != release, wanted != release else { return }
        wanted = release
        ticket = nil
        heldUntil = now.advanced(by: GatewaySession.holdingTime)
    }

    mutating func began(_ transfer: TransferID, at now: OperatingTime) {
        guard let release = wanted else { return }
        underWay = (transfer, release)
        wanted = nil
        heldUntil = nil
        pacer.take(interval, at: now)
    }

    mutating func ended(_ transfer: TransferID) {
        if underWay?.transfer == transfer { underWay = nil }
    }

    mutating func forget(_ release: ReleaseID) {
        if wanted == release { connectionEnded() }
    }

    /// What has not begun is given up.
    mutating func connectionEnded() {
        wanted = nil
        heldUntil = nil
        ticket = nil
    }
}

extension EngineState {
    /// REQUEST_UPGRADE: a version that does not exist gets no frame.
    mutating func requestDownload(
        of version: Version, for request: InboundMessage, _ gateway: Gateway?, _ turn: inout Turn
    ) throws {
        guard let release = common.catalogue[version], release.state == .available else {
            guard let gateway else { return }
            let problem =
                common.catalogue[version] == nil ? "there is no release \(version)" : "release \(version) is withheld"
            try turn.transaction.append(
                EventDraft(.unknownVersionRequested, gateway: gateway.id, company: gateway.companyID, problem))
            return
        }
        guard gateways[request.gateway]?.session?.connection == request.connection else { return }
        with(request.gateway) { $0.download.request(release.id, at: turn.now) }
        try advanceDownload(of: request.gateway, &turn)
    }

    /// Puts a download into the queue if everything that it waits for has come.
    mutating func advanceDownload(of gateway: GatewayID, _ turn: inout Turn) throws {
        guard let state = gateways[gateway], let session = state.session, let wanted = state.download.wanted,
            state.download.ticket == nil, !state.download.isUnderWay
        else { return }
        guard let release = common.catalogue.sendable(wanted) else {
            gateways[gateway]?.download.forget(wanted)
            return
        }
        let topic = Topic.toGateway(.downloadUpgrade, gateway)
        guard session.isSubscribed(to: topic) else {
            guard let until = state.download.heldUntil else { return }
            if until > turn.now {
                common.agenda.note(gateway, at: until)
            } else {
                gateways[gateway]?.download.forget(wanted)
            }
            return
        }
        if let time = state.download.pacer.wait(at: turn.now) {
            common.agenda.note(gateway, at: time)
            return
        }
        guard let copy = copy(of: release, for: .downloads(wanted), gateway, &turn) else { return }
        let ticket = common.dispatcher.nextNumber()
        gateways[gateway]?.download.ticket = ticket
        common.dispatcher.enqueue(
            Dispatcher.Job(gateway: gateway, purpose: .download(wanted), ticket: ticket, copy: copy, topic: topic))
    }

    /// The download of a job, if everything is still as it was when it was put into the queue.
    mutating func beginDownload(_ job: Dispatcher.Job, _ turn: Turn) throws -> TransferID? {
        guard let state = gateways[job.gateway], state.download.ticket == job.ticket else { return nil }
        gateways[job.gateway]?.download.ticket = nil
        guard let session = state.session, session.isSubscribed(to: job.topic), let wanted = state.download.wanted,
            let release = common.catalogue.sendable(wanted)
        else { return nil }
        let gateway = try turn.gateways.find(job.gateway)
        guard maySendExecutables(to: gateway) else { return nil }
        let transfer = common.dispatcher.begin(job, at: turn.now)
        gateways[job.gateway]?.download.began(transfer, at: turn.now)
        if let gateway {
            try turn.transaction.append(
                EventDraft(.downloadSent, gateway: gateway.id, company: gateway.companyID, "\(release.version)"))
        }
        return transfer
    }
}
