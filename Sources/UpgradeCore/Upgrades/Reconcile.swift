import UpgradeProtocol

extension EngineState {
    /// Makes of one gateway what the store says should be: puts its upgrade into the queue if an attempt is due.
    mutating func reconcile(_ gateway: GatewayID, _ turn: inout Turn) throws {
        guard let state = gateways[gateway], let upgrade = state.upgrade, upgrade.ticket == nil, state.sending == nil,
            let session = state.session, let reported = session.reported,
            let deployment = common.deployments[upgrade.deployment],
            let topic = topic(for: gateway, session, deployment)
        else { return }
        switch upgrade.machine.verdict(on: session.connection, reporting: reported, at: turn.now) {
        case .nothing: return
        case .sendLater(let time): common.agenda.note(gateway, at: time)
        case .send:
            // Withheld: it stays pending until the bytes are back.
            guard let release = common.catalogue.sendable(upgrade.release),
                let copy = copy(of: release, for: .push(upgrade.deployment), gateway, &turn)
            else { return }
            let ticket = common.dispatcher.nextNumber()
            gateways[gateway]?.upgrade?.ticket = ticket
            common.dispatcher.enqueue(
                Dispatcher.Job(
                    gateway: gateway, purpose: .upgrade(upgrade.deployment), ticket: ticket, copy: copy, topic: topic))
        }
    }

    /// The topic that reaches the gateway, if it subscribed to one that this order may use (flow 6).
    func topic(
        for gateway: GatewayID, _ session: GatewaySession, _ deployment: LiveDeployments.Entry
    ) -> Topic? {
        let own = Topic.toGateway(.upgrade, gateway)
        let everyones = Topic.toGateway(.upgrade, nil)
        let mayUseEveryones = deployment.isForAll && session.isSubscribed(to: everyones)
        if mayUseEveryones, !deployment.isWaveOver { return everyones }
        if session.isSubscribed(to: own) { return own }
        return mayUseEveryones ? everyones : nil
    }

    /// Hands over what has its turn.
    mutating func dispatch(_ turn: inout Turn) throws {
        // Publications to all carry many recipients.
        var shared: [Dispatcher.Purpose: (copy: ReleaseCopy, topic: Topic, recipients: [Recipient])] = [:]
        while let job = common.dispatcher.next(at: turn.now) {
            guard job.copy.isStillVerified else {
                try verifyAnew(job, &turn)
                continue
            }
            let transfer: TransferID? =
                switch job.purpose {
                case .upgrade: try beginAttempt(job, turn)
                case .download: try beginDownload(job, turn)
                }
            guard let transfer, let connection = gateways[job.gateway]?.session?.connection else { continue }
            let recipient = Recipient(gateway: job.gateway, connection: connection, transfer: transfer)
            if case .toGateway(_, nil) = job.topic {
                shared[job.purpose, default: (job.copy, job.topic, [])].recipients.append(recipient)
            } else {
                turn.effects.messages.append(
                    OutboundMessage(
                        topic: job.topic, payload: .executable(job.copy), audience: .recipients([recipient])))
            }
        }
        turn.effects.messages += shared.values.map {
            OutboundMessage(topic: $0.topic, payload: .executable($0.copy), audience: .recipients($0.recipients))
        }
    }

    /// Somebody has touched the file while the job waited: it is read again before anything of it leaves.
    private mutating func verifyAnew(_ job: Dispatcher.Job, _ turn: inout Turn) throws {
        switch job.purpose {
        case .upgrade:
            guard gateways[job.gateway]?.upgrade?.ticket == job.ticket else { return }
            gateways[job.gateway]?.upgrade?.ticket = nil
            try reconcile(job.gateway, &turn)
        case .download:
            guard gateways[job.gateway]?.download.ticket == job.ticket else { return }
            gateways[job.gateway]?.download.ticket = nil
            try advanceDownload(of: job.gateway, &turn)
        }
    }

    /// The attempt of a job, if everything is still as it was when it was put into the queue.
    private mutating func beginAttempt(_ job: Dispatcher.Job, _ turn: Turn) throws -> TransferID? {
        guard var upgrade = gateways[job.gateway]?.upgrade, upgrade.ticket == job.ticket else { return nil }
        upgrade.ticket = nil
        gateways[job.gateway]?.upgrade = upgrade
        guard let session = gateways[job.gateway]?.session, let reported = session.reported,
            session.isSubscribed(to: job.topic), common.catalogue.sendable(upgrade.release) != nil,
            upgrade.machine.verdict(on: session.connection, reporting: reported, at: turn.now) == .send,
            let gateway = try turn.gateways.find(job.gateway), gateway.mayReceive
        else { return nil }
        let transfer = common.dispatcher.begin(job, at: turn.now)
        let change = upgrade.machine.attemptBegan(on: session.connection, reporting: reported)
        upgrade.transfer = transfer
        gateways[job.gateway]?.upgrade = upgrade
        gateways[job.gateway]?.sending = transfer
        try record(change, of: upgrade, gateway, turn)
        return transfer
    }

    /// How a transfer ended.
    mutating func transferEnded(_ transfer: TransferID, _ end: TransferEnd, _ turn: inout Turn) throws {
        guard let (gateway, purpose) = common.dispatcher.end(transfer) else { return }
        if gateways[gateway]?.sending == transfer { gateways[gateway]?.sending = nil }
        turn.reconcile.insert(gateway)
        switch purpose {
        case .download:
            gateways[gateway]?.download.ended(transfer)
            try advanceDownload(of: gateway, &turn)
        case .upgrade(let deployment):
            guard var upgrade = gateways[gateway]?.upgrade, upgrade.transfer == transfer else {
                if end == .delivered { try recordLateDelivery(of: deployment, gateway, turn) }
                return
            }
            upgrade.transfer = nil
            let change = upgrade.machine.attemptEnded(end, at: turn.now, policy: configuration.policy)
            gateways[gateway]?.upgrade = upgrade
            if let change { try record(change, gateway, &turn) }
        }
    }

    /// The upgrade had ended before its attempt did.
    private func recordLateDelivery(of deployment: DeploymentID, _ id: GatewayID, _ turn: Turn) throws {
        guard let gateway = try turn.gateways.find(id) else { return }
        try turn.transaction.upgrades.recordLateDelivery(of: deployment, id, at: turn.transaction.time)
        try turn.transaction.append(
            EventDraft(
                .upgradeDelivered, gateway: id, company: gateway.companyID, deployment: deployment,
                "after the upgrade had ended"))
        turn.transaction.changes.add(deployment: deployment, company: gateway.companyID)
    }

    /// Stops an UPGRADE of which some bytes have not left yet.
    mutating func stopSending(to gateway: GatewayID, _ turn: inout Turn) {
        if let transfer = gateways[gateway]?.sending { turn.effects.cancellations.append(transfer) }
    }
}
