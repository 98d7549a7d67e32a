import UpgradeProtocol

extension EngineState {
    /// The first turn of a process: goes on with what the last one left behind, however it ended.
    mutating func recover(_ turn: inout Turn) throws {
        try turn.transaction.gateways.recordAllOffline()
        common.catalogue = Catalogue(try turn.transaction.releases.all())
        for pending in try turn.transaction.upgrades.pending() {
            let upgrade = LiveUpgrade(
                deployment: pending.deploymentID, release: pending.releaseID, machine: pending.machine)
            with(pending.gatewayID) { $0.upgrade = upgrade }
            common.deployments.began(
                pending.deploymentID, pending.releaseID, isForAll: pending.isForAll, isWaveOver: true)
            common.agenda.note(pending.gatewayID, at: pending.machine.deadline)
            try goOn(with: pending, &turn)
        }
    }

    private mutating func goOn(with pending: PendingUpgrade, _ turn: inout Turn) throws {
        let gateway = pending.gatewayID
        // All connections ended with the last process.
        let cutOff = gateways[gateway]?.upgrade?.machine.attemptEnded(
            .cutOff, at: turn.now, policy: configuration.policy)
        if let cutOff { try record(cutOff, gateway, &turn) }
        guard common.catalogue[pending.releaseID] == nil else { return }
        let reason = "release \(pending.machine.target) was removed"
        if let failure = gateways[gateway]?.upgrade?.machine.fail(reason: reason) {
            try record(failure, gateway, &turn)
        }
    }
}
