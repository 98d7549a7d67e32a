import UpgradeProtocol

/// What the engine holds of one gateway while the process runs.
struct GatewayState {
    /// Its connection, if it has one.
    var session: GatewaySession?
    /// Its pending upgrade.
    var upgrade: LiveUpgrade?
    /// The UPGRADE of which some bytes have not left yet, be its order still live or not.
    var sending: TransferID?
    var download: DownloadState

    /// Whether nothing goes on with it.
    var isIdle: Bool { session == nil && upgrade == nil && sending == nil && download.isIdle }
}

/// A pending upgrade in memory.
struct LiveUpgrade {
    let deployment: DeploymentID
    let release: ReleaseID
    var machine: UpgradeMachine
    /// The attempt that is under way.
    var transfer: TransferID?
    /// Its place in the queue of the transfers that wait; an entry of another number is not valid any more.
    var ticket: UInt64?
}

/// One connection of a gateway: what it has said and subscribed to so far, and what waits for that.
struct GatewaySession {
    let gateway: GatewayID
    let connection: ConnectionID
    /// The version that STATUS named on this connection.
    var reported: Version?
    private var subscriptions = Subscriptions()
    private var held: [HeldAnswer] = []

    /// An answer that found no subscriber yet.
    private struct HeldAnswer {
        var message: OutboundMessage
        var until: OperatingTime
    }

    private static let heldAnswers = 16
    static let holdingTime = Duration.seconds(30)

    init(_ gateway: GatewayID, on connection: ConnectionID) {
        self.gateway = gateway
        self.connection = connection
    }

    func isSubscribed(to topic: Topic) -> Bool {
        Subscriptions(to: topic, of: gateway).map(subscriptions.contains) ?? false
    }

    /// Returns the answers that waited for this subscription.
    mutating func subscribed(to topic: Topic, at now: OperatingTime) -> [OutboundMessage] {
        guard let subscription = Subscriptions(to: topic, of: gateway) else { return [] }
        subscriptions.insert(subscription)
        guard !held.isEmpty else { return [] }
        let released = held.filter { $0.message.topic == topic && $0.until > now }
        held.removeAll { $0.message.topic == topic }
        return released.map(\.message)
    }

    mutating func unsubscribed(from topic: Topic) {
        if let subscription = Subscriptions(to: topic, of: gateway) { subscriptions.remove(subscription) }
    }

    /// Holds an answer in place of an earlier one to the same topic; of too many the oldest goes.
    mutating func hold(_ message: OutboundMessage, at now: OperatingTime) {
        held.removeAll { $0.message.topic == message.topic || $0.until <= now }
        if held.count == Self.heldAnswers { held.removeFirst() }
        held.append(HeldAnswer(message: message, until: now.advanced(by: Self.holdingTime)))
    }
}

/// Of the topics that a gateway may subscribe to, each verb of the cloud to all and to itself: some. As bits, since each connection of a fleet that comes
/// back brings eight.
private struct Subscriptions: OptionSet {
    var rawValue: UInt8 = 0

    init(rawValue: UInt8 = 0) { self.rawValue = rawValue }

    /// The one; nil for a topic that is none of the gateway's.
    init?(to topic: Topic, of gateway: GatewayID) {
        guard case .toGateway(let verb, let addressee) = topic, addressee == nil || addressee == gateway else {
            return nil
        }
        let place =
            switch verb {
            case .upgrade: 0
            case .latestVersion: 1
            case .availableVersions: 2
            case .downloadUpgrade: 3
            }
        rawValue = 1 << UInt8(2 * place + (addressee == nil ? 0 : 1))
    }
}
