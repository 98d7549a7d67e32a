import UpgradeProtocol

extension EngineState {
    /// What a gateway says. Its acknowledgement waits for the transaction; a refused message has it already.
    mutating func handle(_ decoded: DecodedMessage, of message: InboundMessage, _ turn: inout Turn) throws {
        let known = try turn.gateways.find(message.gateway)
        if case .refused(let kind, let detail) = decoded {
            // For a gateway that nobody knows only metrics count it.
            if let known { try countRefusal(kind, detail, known, turn) }
            return
        }
        turn.effects.acknowledgements.append(message.acknowledge)
        if known != nil { turn.heard.insert(message.gateway) }
        switch decoded {
        case .status(let status):
            if let known { try record(status, of: known, turn) }
            guard let gateway = try known ?? create(message.gateway, by: status, &turn) else { return }
            try settle(by: status, of: gateway, on: message.connection, &turn)
        case .latestVersionRequest:
            guard mayAnswer(known), let latest = common.catalogue.latest else { return }
            answer(.latestVersion, latestVersion(latest), to: message, &turn)
        case .availableVersionsRequest:
            guard mayAnswer(known) else { return }
            answer(.availableVersions, availableVersions, to: message, &turn)
        case .upgradeRequest(let version):
            guard maySendExecutables(to: known) else { return }
            try requestDownload(of: version, for: message, known, &turn)
        case .refused:
            return
        }
    }

    private func countRefusal(_ kind: EventKind, _ detail: String, _ gateway: Gateway, _ turn: Turn) throws {
        try turn.gateways.countBadFrame(of: gateway.id)
        try turn.transaction.append(EventDraft(kind, gateway: gateway.id, company: gateway.companyID, detail))
        turn.transaction.changes.add(gateway)
    }

    // MARK: STATUS

    /// Flow 2: the first STATUS of an unknown gateway. Nil when there is no place in quarantine just now.
    private mutating func create(
        _ id: GatewayID, by status: StatusMessage, _ turn: inout Turn
    ) throws -> Gateway? {
        let transaction = turn.transaction
        let company = status.companyID
        let owner: CompanyID?
        switch configuration.newGateways {
        case .open: owner = try transaction.companyMakingIfAbsent(company, by: nil, because: id).id
        case .quarantine:
            if let reason = try reasonToTurnAway(turn) {
                turn.effects.turnedAway.add(id, because: reason)
                return nil
            }
            owner = nil
        }
        try turn.gateways.insert(
            id, company: owner, claimed: company, version: status.version, lastUpgrade: status.lastUpgrade,
            online: gateways[id]?.session != nil)
        let detail = owner == nil ? "New Gateway \(id), claims company \(company)" : "New Gateway \(id)"
        try transaction.append(EventDraft(.gatewayCreated, gateway: id, company: owner, detail))
        guard let gateway = try turn.gateways.find(id) else {
            throw DomainError.unavailable("the gateway \(id) was not stored")
        }
        try transaction.append(EventDraft(.versionReported, gateway: id, company: owner, "\(status.version)"))
        transaction.changes.add(gateway)
        return gateway
    }

    /// Why a gateway cannot come into quarantine now; nil when it can, and has thereby taken one of the places a second.
    private mutating func reasonToTurnAway(_ turn: Turn) throws -> TurnedAwayGateways.Reason? {
        let limits = configuration.quarantineLimits
        if common.quarantine.wait(at: turn.now) != nil { return .tooFast }
        // Taken also if it finds no place, so that a flood makes nobody count more often than that.
        common.quarantine.take(limits.interval, at: turn.now)
        return try turn.transaction.gateways.countInQuarantine(upTo: limits.waiting) < limits.waiting ? nil : .full
    }

    private func record(_ status: StatusMessage, of gateway: Gateway, _ turn: Turn) throws {
        let transaction = turn.transaction
        // Most say what they said before: then only the time is written, of which no index knows while a gateway is online.
        if gateway.version != status.version || gateway.claimedCompanyID != status.companyID
            || status.lastUpgrade.map({ $0 != gateway.lastUpgrade }) == true
        {
            try turn.gateways.recordStatus(
                of: gateway, version: status.version, lastUpgrade: status.lastUpgrade, claimed: status.companyID)
        }
        if gateway.version != status.version {
            let detail = gateway.version.map { "\($0) → \(status.version)" } ?? "\(status.version)"
            try transaction.append(
                EventDraft(.versionReported, gateway: gateway.id, company: gateway.companyID, detail))
        }
        if let company = gateway.companyID, company != status.companyID {
            try transaction.append(
                EventDraft(
                    .foreignCompanyClaimed, gateway: gateway.id, company: company,
                    "STATUS names company \(quoted(status.companyID.rawValue)), the gateway belongs to \(company)"))
        }
        var updated = gateway
        updated.claimedCompanyID = status.companyID
        if gateway.version != status.version || gateway.claimedCompanyID != status.companyID {
            transaction.changes.add(updated)
        }
    }

    /// What a report means for the gateway's newest upgrade, and that the connection has reported now.
    private mutating func settle(
        by status: StatusMessage, of gateway: Gateway, on connection: ConnectionID, _ turn: inout Turn
    ) throws {
        let id = gateway.id
        let isToBeUpgraded = gateways[id]?.upgrade != nil
        if gateways[id]?.session?.connection == connection {
            gateways[id]?.session?.reported = status.version
            if isToBeUpgraded { turn.reconcile.insert(id) }
        }
        if isToBeUpgraded {
            let failure = status.failedVersion.flatMap { version in
                status.failed.map { ReportedFailure(version: version, reason: $0) }
            }
            if let change = gateways[id]?.upgrade?.machine.reported(status.version, failure: failure) {
                try record(change, id, &turn)
            }
        } else if let last = gateway.lastUpgradeOrder, last.targetVersion == status.version {
            try confirmLate(last.deploymentID, of: gateway, turn)
        }
    }

    /// The newest order had been given up on; the gateway got there all the same.
    private func confirmLate(_ deployment: DeploymentID, of gateway: Gateway, _ turn: Turn) throws {
        let transaction = turn.transaction
        guard var machine = try transaction.upgrades.machine(of: deployment, gateway.id),
            machine.reported(machine.target) != nil
        else { return }
        try transaction.upgrades.recordEnd(machine, of: deployment, gateway.id, supersededBy: nil, at: transaction.time)
        try transaction.append(
            EventDraft(
                .upgradeConfirmed, gateway: gateway.id, company: gateway.companyID, deployment: deployment,
                "\(machine.target), after it had been given up on"))
        transaction.changes.add(gateway)
        transaction.changes.add(deployment: deployment, company: gateway.companyID)
    }

    // MARK: Answers

    /// Whether it is told which versions there are: everyone is who is not disabled, in quarantine too.
    private func mayAnswer(_ gateway: Gateway?) -> Bool { gateway?.enabled ?? true }

    /// Whether it is sent executables: an unknown gateway is where a STATUS would make it one that may receive.
    func maySendExecutables(to gateway: Gateway?) -> Bool {
        gateway?.mayReceive ?? (configuration.newGateways == .open)
    }

    /// Answers the inquirer alone, at once or when it has subscribed.
    private mutating func answer(
        _ verb: CloudVerb, _ body: [UInt8], to request: InboundMessage, _ turn: inout Turn
    ) {
        guard let session = gateways[request.gateway]?.session, session.connection == request.connection else { return }
        let message = OutboundMessage(topic: .toGateway(verb, request.gateway), payload: .body(body))
        if session.isSubscribed(to: message.topic) {
            turn.effects.messages.append(message)
        } else {
            gateways[request.gateway]?.session?.hold(message, at: turn.now)
        }
    }

    func latestVersion(_ version: Version) -> [UInt8] {
        LatestVersionMessage(version: version).encoded(versions: configuration.wireVersions)
    }

    var availableVersions: [UInt8] {
        AvailableVersionsMessage(versions: common.catalogue.available)
            .encoded(versions: configuration.wireVersions)
    }
}

extension StatusMessage {
    /// The time of the last upgrade by the gateway's own clock, if it told one.
    fileprivate var lastUpgrade: Timestamp? { timestamp.map { Timestamp(milliseconds: $0) } }
}
