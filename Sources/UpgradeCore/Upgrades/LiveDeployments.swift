/// The deployments with a pending upgrade, as far as the engine needs them.
struct LiveDeployments {
    struct Entry {
        let release: ReleaseID
        /// A super user's *all*: the one order that may use the topic without an id.
        let isForAll: Bool
        /// How many of its upgrades are pending.
        var pending = 0
        /// Whether those that were ready when the order was given have had their turn.
        var isWaveOver = false
    }

    private var entries: [DeploymentID: Entry] = [:]

    subscript(id: DeploymentID) -> Entry? { entries[id] }

    mutating func began(_ id: DeploymentID, _ release: ReleaseID, isForAll: Bool, isWaveOver: Bool = false) {
        entries[id, default: Entry(release: release, isForAll: isForAll, isWaveOver: isWaveOver)].pending += 1
    }

    /// Returns whether that was the last of its upgrades.
    @discardableResult
    mutating func ended(_ id: DeploymentID) -> Bool {
        guard var entry = entries[id] else { return false }
        entry.pending -= 1
        entries[id] = entry.pending > 0 ? entry : nil
        return entry.pending <= 0
    }

    mutating func waveIsOver(for id: DeploymentID) { entries[id]?.isWaveOver = true }
}
