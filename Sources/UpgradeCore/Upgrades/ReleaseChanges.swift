import UpgradeProtocol

extension EngineState {
    /// Looks at the table of releases again, and does what follows from the difference.
    mutating func releasesChanged(_ turn: inout Turn) throws {
        let before = common.catalogue
        common.catalogue = Catalogue(try turn.transaction.releases.all())
        for release in before.releases where common.catalogue[release.id] == nil {
            common.copies[.downloads(release.id)] = nil
            try failUpgrades(to: release.id, "release \(release.version) was removed", &turn)
        }
        for (gateway, state) in gateways.entries {
            // Sent at last, if its release was withheld and is back.
            if let upgrade = state.upgrade, before.sendable(upgrade.release) == nil { turn.reconcile.insert(gateway) }
        }
        announce(after: before, &turn)
    }

    /// Flow 5: tells all gateways, on the topics without an id.
    private func announce(after before: Catalogue, _ turn: inout Turn) {
        let hasNews = !Set(common.catalogue.available).subtracting(before.available).isEmpty
        if hasNews, let latest = common.catalogue.latest {
            turn.effects.messages.append(
                OutboundMessage(topic: .toGateway(.latestVersion, nil), payload: .body(latestVersion(latest))))
        }
        if common.catalogue.available != before.available {
            turn.effects.messages.append(
                OutboundMessage(topic: .toGateway(.availableVersions, nil), payload: .body(availableVersions)))
        }
    }
}
