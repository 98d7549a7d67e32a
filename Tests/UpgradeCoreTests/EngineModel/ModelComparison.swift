import UpgradeProtocol

@testable import UpgradeCore

/// What the store says other than the model.
enum ModelComparison {
    static func differences(between model: EngineModel, and store: Store) async throws -> [String] {
        let (upgrades, pending, gateways) = try await store.read { snapshot in
            let gateways = try EngineSchedule.gateways.map { try snapshot.gateways.find($0, in: .everything) }
            let upgrades = try gateways.compactMap { $0?.id }.flatMap { id in
                try snapshot.deploymentQueries.upgrades(of: id, in: .everything, PageRequest(limit: 1000)).items
            }
            return (upgrades, try snapshot.upgrades.pending(), gateways)
        }
        var differences: [String] = []
        func expect<Value: Equatable>(_ what: String, _ stored: Value, _ modelled: Value) {
            if stored != modelled { differences.append("\(what) is \(stored), not \(modelled)") }
        }
        expect("the number of upgrades", upgrades.count, model.upgrades.count)
        for upgrade in upgrades {
            let name = "order \(upgrade.deploymentID) for \(upgrade.gatewayID)"
            let key = EngineModel.Key(deployment: upgrade.deploymentID, gateway: upgrade.gatewayID)
            guard let modelled = model.upgrades[key] else {
                differences.append("\(name) is invented")
                continue
            }
            expect("\(name): the target", upgrade.version, modelled.target)
            expect("\(name): the version at its time", upgrade.versionAtOrder, modelled.known)
            expect("\(name): the state", upgrade.state, modelled.state)
            expect("\(name): the version before", upgrade.fromVersion, modelled.from)
            expect("\(name): attempts", upgrade.attempts, modelled.attempts)
            expect("\(name): delivered attempts", upgrade.deliveredAttempts, modelled.delivered)
            if let reason = modelled.reason { expect("\(name): the reason", upgrade.reason, reason) }
        }
        for upgrade in pending {
            let name = "order \(upgrade.deploymentID) for \(upgrade.gatewayID)"
            let key = EngineModel.Key(deployment: upgrade.deploymentID, gateway: upgrade.gatewayID)
            let modelled = model.upgrades[key]
            expect("\(name): the deadline", upgrade.machine.deadline.seconds, modelled?.deadline)
            expect("\(name): the pause's end", upgrade.machine.notBefore?.seconds, modelled?.notBefore)
        }
        for (id, gateway) in zip(EngineSchedule.gateways, gateways) {
            guard let modelled = model.gateways[id] else { continue }
            expect("\(id): whether it is known", gateway != nil, modelled.isKnown)
            guard let gateway else { continue }
            expect("\(id): the version", gateway.version, modelled.version)
            expect("\(id): the last upgrade", gateway.lastUpgrade, modelled.lastUpgrade)
            expect("\(id): the company", gateway.companyID, modelled.company)
            expect("\(id): whether it is online", gateway.online, modelled.connection != nil)
            expect("\(id): the newest order", gateway.lastUpgradeOrder?.deploymentID, modelled.newest)
            let newest = modelled.newest.map { EngineModel.Key(deployment: $0, gateway: id) }
            expect("\(id): its state", gateway.lastUpgradeOrder?.state, newest.flatMap { model.upgrades[$0]?.state })
        }
        return differences
    }
}

extension OperatingTime {
    fileprivate var seconds: Int { Int(milliseconds / 1000) }
}
