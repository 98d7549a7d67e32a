import UpgradeProtocol

@testable import UpgradeCore

/// "The life of one upgrade" of the wire protocol, written down a second time and as plainly as can be. It shares no rule with the engine.
struct EngineModel {
    struct Key: Hashable {
        var deployment: DeploymentID
        var gateway: GatewayID
    }

    struct Upgrade {
        let target: Version
        let known: Version?
        let release: ReleaseID
        let isForAll: Bool
        var state = UpgradeState.pending
        var reason: String?
        var from: Version?
        var attempts = 0
        var delivered = 0
        var cutOffs = 0
        var nothingSent = 0
        /// The attempt that has not ended.
        var transfer: TransferID?
        /// The connection that had the latest attempt.
        var connection: ConnectionID?
        /// Seconds of operating time.
        var deadline: Int
        var notBefore: Int?
    }

    struct Connection {
        let id: ConnectionID
        var reported: Version?
        var hearsOwnTopic = false
        var hearsEveryonesTopic = false
    }

    struct Gateway {
        var isKnown: Bool
        var company: CompanyID
        var isEnabled = true
        var version: Version?
        var lastUpgrade: Timestamp?
        var connection: Connection?
        /// A transfer of which some bytes have not left yet: nothing else is sent meanwhile.
        var sending: TransferID?
        var newest: DeploymentID?
    }

    struct Release {
        let id: ReleaseID
        let version: Version
        var isAvailable = true
    }

    static let timeout = 15 * 60
    static let expiry = 30 * 86_400

    var gateways: [GatewayID: Gateway] = [:]
    var upgrades: [Key: Upgrade] = [:]
    var releases: [Release] = []
    /// Whose attempt a transfer is, until it ends.
    private(set) var transfers: [TransferID: Key] = [:]
    /// Operating time in seconds: it stands still while no process runs.
    private(set) var now = 0
    private var savedTime = 0

    // MARK: Questions

    func live(_ gateway: GatewayID) -> Key? {
        guard let newest = gateways[gateway]?.newest else { return nil }
        let key = Key(deployment: newest, gateway: gateway)
        return upgrades[key]?.state == .pending ? key : nil
    }

    var live: [Key] { upgrades.filter { $0.value.state == .pending }.map(\.key) }

    /// When something happens by itself, if nothing else does.
    var nextDue: Int? {
        live.compactMap { upgrades[$0] }.flatMap { [$0.deadline, $0.notBefore ?? 0] }.filter { $0 > now }.min()
    }

    /// Whether an attempt is due, and if so of what.
    func due(_ gateway: GatewayID) -> Key? {
        guard let key = live(gateway), let upgrade = upgrades[key], let state = gateways[gateway],
            let connection = state.connection, let reported = connection.reported
        else { return nil }
        let isSubscribed = connection.hearsOwnTopic || upgrade.isForAll && connection.hearsEveryonesTopic
        let isFree = state.sending == nil && upgrade.transfer == nil
        let isHere = releases.contains { $0.id == upgrade.release && $0.isAvailable }
        let isNew = upgrade.connection != connection.id && (upgrade.notBefore ?? 0) <= now
        let isAsBefore = upgrade.from.map { $0 == reported && upgrade.delivered < 3 } ?? true
        return isSubscribed && isFree && isHere && isNew && isAsBefore && state.isEnabled && state.isKnown ? key : nil
    }

    // MARK: What happens

    mutating func sent(_ key: Key, as transfer: TransferID) {
        guard let connection = gateways[key.gateway]?.connection else { return }
        if upgrades[key]?.from == nil { upgrades[key]?.from = connection.reported }
        upgrades[key]?.attempts += 1
        upgrades[key]?.transfer = transfer
        upgrades[key]?.connection = connection.id
        gateways[key.gateway]?.sending = transfer
        transfers[transfer] = key
    }

    /// The last byte has left.
    mutating func written(_ transfer: TransferID) {
        guard let key = transfers[transfer], gateways[key.gateway]?.sending == transfer else { return }
        gateways[key.gateway]?.sending = nil
    }

    mutating func ended(_ transfer: TransferID, _ end: TransferEnd) {
        guard let key = transfers.removeValue(forKey: transfer) else { return }
        if gateways[key.gateway]?.sending == transfer { gateways[key.gateway]?.sending = nil }
        guard var upgrade = upgrades[key] else { return }
        if upgrade.state == .pending, upgrade.transfer == transfer {
            attemptEnded(&upgrade, end)
        } else if end == .delivered {
            upgrade.delivered = min(upgrade.attempts, upgrade.delivered + 1)
        }
        upgrades[key] = upgrade
    }

    private func attemptEnded(_ upgrade: inout Upgrade, _ end: TransferEnd) {
        upgrade.transfer = nil
        switch end {
        case .delivered:
            upgrade.delivered += 1
            (upgrade.cutOffs, upgrade.nothingSent) = (0, 0)
            upgrade.deadline = now + Self.timeout
            upgrade.notBefore = now + Self.timeout / 3
        case .cutOff:
            upgrade.cutOffs += 1
            let minutes = [1, 2, 4, 8, 16, 32]
            let pause = upgrade.cutOffs <= minutes.count ? minutes[upgrade.cutOffs - 1] : 60
            upgrade.notBefore = max(upgrade.notBefore ?? 0, now + 60 * pause)
        case .notSent:
            upgrade.attempts -= 1
            upgrade.nothingSent += 1
            upgrade.connection = nil
            if upgrade.attempts == 0 { upgrade.from = nil }
            var pause = 5
            for _ in 1..<upgrade.nothingSent { pause = min(3600, 2 * pause) }
            upgrade.notBefore = max(upgrade.notBefore ?? 0, now + pause)
        }
    }

    mutating func reported(
        _ version: Version, failed: Version?, lastUpgrade: Timestamp?, from gateway: GatewayID,
        claiming company: CompanyID
    ) {
        guard let state = gateways[gateway] else { return }
        if !state.isKnown {
            gateways[gateway] = Gateway(isKnown: true, company: company, connection: state.connection)
            gateways[gateway]?.sending = state.sending
        }
        gateways[gateway]?.version = version
        if let lastUpgrade { gateways[gateway]?.lastUpgrade = lastUpgrade }
        gateways[gateway]?.connection?.reported = version
        guard let newest = gateways[gateway]?.newest else { return }
        let key = Key(deployment: newest, gateway: gateway)
        guard let upgrade = upgrades[key] else { return }
        if version == upgrade.target {
            if [.pending, .timedOut, .failed].contains(upgrade.state) { end(key, .confirmed) }
        } else if upgrade.state == .pending {
            if failed == upgrade.target, upgrade.attempts > 0 {
                end(key, .failed)
            } else if upgrade.attempts == 0, version > upgrade.target, version != upgrade.known {
                end(key, .cancelled, "moved on to \(version)")
            }
        }
    }

    mutating func end(_ key: Key, _ state: UpgradeState, _ reason: String? = nil) {
        upgrades[key]?.state = state
        upgrades[key]?.reason = reason
        upgrades[key]?.transfer = nil
    }

    /// Returns the transfers that are to be stopped.
    mutating func ordered(
        _ deployment: DeploymentID, of release: Release, isForAll: Bool, for recipients: [GatewayID]
    ) -> Set<TransferID> {
        var stopped: Set<TransferID> = []
        for gateway in recipients {
            if let sending = gateways[gateway]?.sending { stopped.insert(sending) }
            if let old = live(gateway) { end(old, .cancelled, "superseded by \(deployment)") }
            let known = gateways[gateway]?.version
            upgrades[Key(deployment: deployment, gateway: gateway)] = Upgrade(
                target: release.version, known: known, release: release.id, isForAll: isForAll,
                state: known == release.version ? .confirmed : .pending, deadline: now + Self.expiry)
            gateways[gateway]?.newest = deployment
        }
        return stopped
    }

    /// Ends what is live of these; returns the transfers that are to be stopped.
    mutating func calledOff(_ keys: [Key], _ state: UpgradeState) -> Set<TransferID> {
        for key in keys { end(key, state) }
        return Set(keys.compactMap { gateways[$0.gateway]?.sending })
    }

    mutating func removed(_ gateway: GatewayID) {
        upgrades = upgrades.filter { $0.key.gateway != gateway }
        let old = gateways[gateway]
        gateways[gateway] = Gateway(isKnown: false, company: "2", connection: old?.connection)
        gateways[gateway]?.sending = old?.sending
    }

    mutating func passTime(to time: Int) {
        now = time
        for key in live {
            guard let upgrade = upgrades[key], now >= upgrade.deadline else { continue }
            end(key, upgrade.delivered >= 3 ? .failed : .timedOut)
        }
    }

    /// Another process goes on with what the last one stored.
    mutating func restarted() {
        now = savedTime
        transfers = [:]
        for gateway in gateways.keys {
            gateways[gateway]?.connection = nil
            gateways[gateway]?.sending = nil
        }
        for key in live {
            guard var upgrade = upgrades[key] else { continue }
            upgrade.connection = nil
            upgrade.nothingSent = 0
            if upgrade.transfer != nil { attemptEnded(&upgrade, .cutOff) }
            upgrades[key] = upgrade
        }
    }

    /// The engine has taken a turn: it stores the time that has passed every so often.
    mutating func tookTurn() {
        if now >= savedTime + 30 { savedTime = now }
    }
}
