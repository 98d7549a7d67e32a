import DequeModule
import Logging
import MQTTWire

/// One loop with all that lives on it: sessions and their connections, the tree of their subscriptions, the share groups that it owns.
///
/// `@unchecked Sendable`: other threads reach it only through ``post(_:)``, which runs on the loop's own thread, and through what never changes.
final class Shard: EventSource, @unchecked Sendable {
    let index: Int
    let core: Core
    let counters = ShardCounters()
    /// All loops of the broker, by index; set once before anything is accepted.
    var peers: [Shard] = []
    var sessions: [ClientID: Session] = [:]
    var connections: [ConnectionID: Connection] = [:]
    var tree = SubscriptionTree()
    /// The sessions that the embedding program's deliveries go to, until they end.
    var deliveries: [DeliveryToken: Session] = [:]
    var listeners: [Listener] = []
    /// Connections that have not sent CONNECT, by their places, so that a stop and their turn find them.
    var arrivals: [UInt64: Arrival] = [:]
    /// Connections whose CONNECT waits for a decision from elsewhere.
    var undecided: [ConnectionID: Connection] = [:]
    /// Connections that are not read until the whole broker holds less.
    var waitingForBudget: [Connection] = []
    var lastPauseWarning: MonotonicTime?
    var budgetTimer: EventLoop.TimerID?
    var isStopping = false
    var whenEmpty: (@Sendable () -> Void)?
    var journal: Journal
    /// On the first loop, what is told about the broker.
    var systemTopics = SystemTopics()
    var systemTimer: EventLoop.TimerID?
    /// Sessions from the store whose time has not begun to run.
    var restored: [(session: Session, will: PendingWill?)] = []
    /// Whoever floods the broker must not flood its log.
    static let pauseWarningInterval = Duration.seconds(60)
    /// How long a turn deals with publications of other loops, or looks for retained messages, give or take the last few.
    static let workPerTurn = Duration.milliseconds(5)
    private var outbox: [[Handover]]
    /// The sessions that look for retained messages.
    var scanning: Deque<ClientID> = []
    /// Publications of other loops that wait for their turn.
    private var inbox: Deque<Handover> = []
    /// Whether another turn will go on with the inbox.
    private var isWorking = false
    /// Those who fill the inbox and are not read until it has shrunk, and their loops.
    private var heldForBacklog: [ConnectionID: Int] = [:]
    private var matches: [Match] = []
    private var matchNumber: UInt64 = 0
    /// Whether the publication that is being delivered goes to many.
    private(set) var sharesPackets = false
    var sharedPacket: SharedPacket?

    /// What one session gets of the publication that is being matched.
    private struct Match {
        let session: Session
        var qos: QoS
        var retain: Bool
        var identifiers: [Int]
    }

    init(index: Int, core: Core, loop: EventLoop) {
        self.index = index
        self.core = core
        journal = Journal(store: core.store)
        outbox = Array(repeating: [], count: core.loopCount)
        super.init(loop: loop)
    }

    /// Runs the closure on this loop, after what the same thread posted before.
    /// Returns `false` when the loop has stopped.
    @discardableResult
    func post(_ work: @escaping @Sendable (Shard) -> Void) -> Bool {
        loop.execute { [self] in work(self) }
    }

    /// Runs the closure on the loop of that index; not when the broker has stopped and its loops have parted.
    func post(to loop: Int, _ work: @escaping @Sendable (Shard) -> Void) {
        if peers.indices.contains(loop) { peers[loop].post(work) }
    }

    func observe(_ event: @autoclosure () -> BrokerEvent) {
        core.hooks.observe?(event())
    }

    func report(_ report: DeliveryReport) {
        core.hooks.observeDelivery?(report)
    }

    // MARK: Routing

    /// Routes a client's publication: to this loop's subscribers, and by reference to those of the other `interested` loops.
    /// `durability` hears of each of them, and of this one in any case.
    func route(_ message: Message, to interested: UInt64, _ durability: Durability? = nil) {
        var others = interested & ~(1 << UInt64(index))
        while others != 0 {
            let loop = others.trailingZeroBitCount
            others &= others - 1
            handOver(.publication(message, durability), to: loop)
        }
        if interested & (1 << UInt64(index)) != 0 { deliver(message, durability) }
        finish(durability, of: message)
    }

    /// Keeps a retained message before it is routed; nothing for another.
    func retainIfAsked(_ message: Message) {
        guard message.retain else { return }
        guard let order = core.retain(message) else { return counters.add(1, to: .retainedRefused) }
        noteRetained(message, order)
    }

    /// Notes for the store what was kept or cleared.
    func noteRetained(_ message: Message, _ order: UInt64) {
        guard journal.isKept else { return }
        note(
            message.payloadCount > 0
                ? .retained(message.stored(at: loop.now), order: order)
                : .retainedCleared(message.topic, order: order))
        // At QoS 0 nothing else would slow its publisher down to the speed of the store.
        whenDurable { withExtendedLifetime(message) {} }
    }

    /// Delivers to the subscribers on this loop, to each session once however many of its filters match [MQTT-3.3.4-2].
    func deliver(_ message: Message, _ durability: Durability? = nil) {
        matchNumber += 1
        let number = matchNumber
        var found = matches
        matches = []
        // [MQTT-3.3.2-3, MQTT-4.5.0-1]
        tree.match(message.topic) { node in
            node.forEachSubscription { subscription in
                let session = subscription.session
                let options = subscription.options
                // A message is not sent back to its publisher if the subscription says so [MQTT-3.8.3-3].
                if options.noLocal, let publisher = message.publisher, publisher.clientID == session.clientID {
                    return
                }
                let qos = min(message.qos, options.maximumQoS)
                // [MQTT-3.3.1-12, MQTT-3.3.1-13]
                let retain = message.retain && options.retainAsPublished
                if session.matchNumber == number {
                    let index = Int(session.matchIndex)
                    found[index].qos = max(found[index].qos, qos)
                    if retain { found[index].retain = true }
                    if let identifier = subscription.identifier { found[index].identifiers.append(identifier) }
                    return
                }
                session.matchNumber = number
                session.matchIndex = UInt32(truncatingIfNeeded: found.count)
                found.append(
                    Match(
                        session: session, qos: qos, retain: retain,
                        identifiers: subscription.identifier.map { [$0] } ?? []))
            }
            for group in node.groups { deliverShared(message, to: group, durability) }
        }
        sharesPackets = found.count >= SharedPacket.leastSubscribers
        for match in found {
            match.session.deliver(
                Delivery(message: message, qos: match.qos, retain: match.retain, identifiers: match.identifiers))
        }
        (sharesPackets, sharedPacket) = (false, nil)
        // The array is kept, empty, for the next publication.
        found.removeAll(keepingCapacity: found.count < 4096)
        matches = found
    }

    private func deliverShared(_ message: Message, to group: ShareGroup, _ durability: Durability?) {
        guard let member = group.pick() else { return }
        if member.loop == index {
            deliver(message, toShared: group.filter, member: member.clientID)
        } else {
            addPart(to: durability)
            handOver(.sharedPublication(message, group.filter, member.clientID, durability), to: member.loop)
        }
    }

    /// Delivers to the member of a share group that was picked.
    func deliver(_ message: Message, toShared filter: TopicFilter, member: ClientID) {
        guard let session = sessions[member], let subscription = session.subscriptions[filter] else { return }
        session.deliver(
            Delivery(
                // [MQTT-4.8.2-3]
                message: message, qos: min(message.qos, subscription.options.maximumQoS),
                retain: message.retain && subscription.options.retainAsPublished,
                identifiers: subscription.identifier.map { [$0] } ?? []))
    }

    // MARK: Hand-over

    /// Hands something to another loop, together with all else that this turn has for it.
    func handOver(_ item: Handover, to loop: Int) {
        outbox[loop].append(item)
        self.loop.flushAtEndOfTurn(self)
    }

    override func endOfTurn() {
        commitJournal()
        for loop in outbox.indices where !outbox[loop].isEmpty {
            let items = outbox[loop]
            outbox[loop] = []
            post(to: loop) { $0.receive(items) }
        }
    }

    /// Takes what another loop hands over. What publishers are told is done at once; publications wait for their turn.
    private func receive(_ items: [Handover]) {
        for item in items {
            switch item {
            case .publication(let message, _), .sharedPublication(let message, _, _, _):
                inbox.append(item)
                if inbox.count > core.limits.loopBacklog { holdForBacklog(message.publisher) }
            case .slowDown(let connection): connections[connection]?.congestionBegan()
            case .goOn(let connection): connections[connection]?.congestionEnded()
            }
        }
        if !isWorking { work() }
    }

    /// Deals with publications of other loops for as long as a turn allows: some cost a thousand times what others do, and timers and connections wait.
    private func work() {
        var share = TurnShare(Self.workPerTurn)
        while !share.isUsedUp, let item = inbox.popFirst() {
            take(item)
            share.use()
        }
        isWorking = !inbox.isEmpty
        if isWorking { post { $0.work() } } else { inbox = [] }
        guard !heldForBacklog.isEmpty, inbox.count <= core.limits.loopBacklog / 2 else { return }
        for (connection, loop) in heldForBacklog { handOver(.goOn(connection), to: loop) }
        heldForBacklog = [:]
    }

    private func holdForBacklog(_ publisher: Publisher?) {
        guard let publisher, publisher.loop != index, heldForBacklog[publisher.connectionID] == nil else { return }
        heldForBacklog[publisher.connectionID] = publisher.loop
        handOver(.slowDown(publisher.connectionID), to: publisher.loop)
    }

    private func take(_ item: Handover) {
        switch item {
        case .publication(let message, let durability):
            deliver(message, durability)
            finish(durability, of: message)
        case .sharedPublication(let message, let filter, let member, let durability):
            deliver(message, toShared: filter, member: member)
            finish(durability, of: message)
        case .slowDown, .goOn: break
        }
    }
}

/// What loops hand to each other in batches.
enum Handover: Sendable {
    case publication(Message, Durability?)
    case sharedPublication(Message, TopicFilter, ClientID, Durability?)
    /// A publisher's connection on that loop fills a queue here.
    case slowDown(ConnectionID)
    case goOn(ConnectionID)
}
