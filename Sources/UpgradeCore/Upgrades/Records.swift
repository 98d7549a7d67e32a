import UpgradeProtocol

extension EngineState {
    /// Stores what became of the pending upgrade of a gateway, with its event, and lets go of it if it has ended.
    mutating func record(
        _ change: UpgradeChange, _ id: GatewayID, supersededBy: DeploymentID? = nil, by actor: String? = nil,
        _ turn: inout Turn
    ) throws {
        guard let upgrade = gateways[id]?.upgrade else { return }
        if upgrade.machine.state == .pending {
            common.agenda.note(id, at: upgrade.machine.deadline)
            if let time = upgrade.machine.notBefore { common.agenda.note(id, at: time) }
        } else {
            gateways[id]?.upgrade = nil
            if common.deployments.ended(upgrade.deployment) { common.copies[.push(upgrade.deployment)] = nil }
        }
        // A gateway that was removed meanwhile took its rows with it.
        guard let gateway = try turn.gateways.find(id) else { return }
        try record(change, of: upgrade, gateway, supersededBy: supersededBy, by: actor, turn)
    }

    /// Stores a change with its event.
    func record(
        _ change: UpgradeChange, of upgrade: LiveUpgrade, _ gateway: Gateway, supersededBy: DeploymentID? = nil,
        by actor: String? = nil, _ turn: Turn
    ) throws {
        let transaction = turn.transaction
        let machine = upgrade.machine
        switch change {
        case .sent:
            try transaction.upgrades.recordProgress(
                machine, of: upgrade.deployment, gateway.id, sentAt: transaction.time)
        case .delivered:
            try transaction.upgrades.recordProgress(
                machine, of: upgrade.deployment, gateway.id, deliveredAt: transaction.time)
        case .cutOff, .notSent:
            try transaction.upgrades.recordProgress(machine, of: upgrade.deployment, gateway.id)
        case .settled:
            try transaction.upgrades.recordEnd(
                machine, of: upgrade.deployment, gateway.id, supersededBy: supersededBy, at: transaction.time)
            turn.gateways.upgradeChanged(of: gateway.id)
        }
        try transaction.append(
            EventDraft(
                change.eventKind, by: actor, gateway: gateway.id, company: gateway.companyID,
                deployment: upgrade.deployment, change.detail(machine)))
        transaction.changes.add(gateway)
        transaction.changes.add(deployment: upgrade.deployment, company: gateway.companyID)
    }
}

extension UpgradeChange {
    fileprivate var eventKind: EventKind {
        switch self {
        case .sent: .upgradeSent
        case .delivered: .upgradeDelivered
        case .cutOff, .notSent: .upgradeCutOff
        case .settled(.confirmed): .upgradeConfirmed
        case .settled(.timedOut): .upgradeTimedOut
        case .settled(.failed): .upgradeFailed
        case .settled(.cancelled), .settled(.pending): .upgradeCancelled
        }
    }

    fileprivate func detail(_ machine: UpgradeMachine) -> String {
        switch self {
        case .sent: "\(machine.target), attempt \(machine.attempts)"
        case .delivered:
            "\(machine.target), delivered \(machine.delivered) of at most \(AttemptPolicy.deliveredAttempts) times"
        case .cutOff: "\(machine.target), the connection ended during attempt \(machine.attempts)"
        case .notSent: "\(machine.target), nothing could be sent"
        case .settled: machine.reason.map { "\(machine.target): \($0)" } ?? "\(machine.target)"
        }
    }
}
