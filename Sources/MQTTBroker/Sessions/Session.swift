import MQTTWire

/// What the broker keeps for one client id, across connections (section 4.1): subscriptions, and the messages that wait or are under way.
///
/// It lives on the loop that its client id hashes to, and is touched there alone.
final class Session {
    /// Who used it last.
    private var client: ConnectedClient
    unowned let shard: Shard
    /// How long it outlives a connection.
    private(set) var expiry: SessionExpiry
    private(set) var connection: Connection?
    private(set) var subscriptions = SubscriptionList()
    var window: OutboundWindow<Delivery>
    /// What the subscriptions take in memory.
    private(set) var subscriptionBytes = 0
    /// The QoS 2 publications of the client without PUBREL.
    private(set) var received = ExactlyOnceReceiver<Receipt>()
    /// The embedding program's deliveries to the present connection, and how far each has come.
    var tracked: [DeliveryToken: DeliveryStage] = [:]
    private(set) var queue = DeliveryQueue()
    /// Retained messages that subscriptions asked for and that are yet to be looked for, in order.
    var retainedScans: [RetainedScan] = []
    /// Without a client, what ends the session's time.
    private var absence: Absence?
    /// While it has filled its queue.
    var congestion: Congestion?

    private var countedInFlight: UInt16 = 0
    var isScanScheduled = false
    /// Whether the store has the will, and nothing else of it.
    private var isWillKeptAlone = false

    // Where this session stands among the matches of a publication.
    var matchIndex: UInt32 = 0
    var matchNumber: UInt64 = 0

    /// What waits for the client to come back.
    private final class Absence {
        var expiry: EventLoop.TimerID?
        var will: (will: PendingWill, timer: EventLoop.TimerID)?
    }

    init(_ client: ConnectedClient, shard: Shard, expiry: SessionExpiry) {
        self.client = client
        self.shard = shard
        self.expiry = expiry
        window = OutboundWindow(limit: shard.core.limits.inFlightPerSession)
    }

    var clientID: ClientID { client.clientID }
    /// Who may use it.
    var owner: ClientIdentity { client.identity }

    // MARK: Life

    /// A connection of the client begins to use the session, which is its identity's from now on.
    func attach(_ connection: Connection, expiry: SessionExpiry, receiveMaximum: Int) {
        let wasKept = isKept
        self.connection = connection
        self.expiry = expiry
        client = connection.client
        if isStored {
            note(.sessionPresent(clientID, owner: owner, expiresIn: expiry.limit))
            note(.will(clientID, connection.pendingWill?.stored))
        } else {
            if wasKept { shard.note(.sessionEnded(clientID)) }
            keepWillAlone(connection.pendingWill)
        }
        window.connectionBegan(limit: min(receiveMaximum, shard.core.limits.inFlightPerSession))
        // [MQTT-4.1.0-1]
        // Who comes back in time has not died [MQTT-3.1.3-9].
        endAbsence()
        updateShares(isConnected: true)
    }

    /// The connection ended. What was only for it goes; the session itself goes now, later or never.
    func detach(will: PendingWill?, isShutdown: Bool) {
        connection = nil
        releasePublishers()
        endTracked()
        _ = changeQueue { $0.remove { !$0.isDurable } }
        _ = window.remove { $0.message.endsWithConnection }
        countInFlight()
        changeQueue { $0.forEach { $0.token = nil } }
        updateShares(isConnected: false)
        note(.sessionAbsent(clientID))
        if will == nil { note(.will(clientID, nil)) }
        // A stopping broker publishes no wills: they are the next one's (section 3.1.2.5).
        if isShutdown, will != nil { isWillKeptAlone = false }
        waitForClient(isShutdown ? nil : will)
    }

    /// A session came from the store: its client is absent, as if its connection had just ended.
    func restored(will: PendingWill?) {
        isWillKeptAlone = !isStored
        waitForClient(will)
    }

    private func waitForClient(_ will: PendingWill?) {
        guard expiry != .withConnection else {
            shard.end(self)
            if let will { shard.publish(will) }
            return
        }
        if let time = expiry.limit {
            // [MQTT-3.1.2-23, MQTT-4.1.0-2]
            let absence = Absence()
            self.absence = absence
            absence.expiry = shard.loop.schedule(after: time) { [unowned self] in
                absence.expiry = nil
                shard.counters.add(1, to: .sessionsExpired)
                shard.end(self)
            }
        }
        delay(will, atMost: expiry.limit)
    }

    /// Publishes the will when its delay has passed, or the session ends if that is sooner [MQTT-3.1.2-8].
    private func delay(_ will: PendingWill?, atMost limit: Duration?) {
        guard let will else { return }
        guard will.delay > .zero else { return publish(will) }
        let timer = shard.loop.schedule(after: min(will.delay, limit ?? will.delay)) { [unowned self] in
            self.absence?.will = nil
            publish(will)
        }
        let absence = absence ?? Absence()
        absence.will = (will, timer)
        self.absence = absence
    }

    /// Stops what would happen without the client; returns the will that has not been published.
    @discardableResult
    private func endAbsence() -> PendingWill? {
        if let timer = absence?.expiry { shard.loop.cancel(timer) }
        let will = absence?.will
        if let will { shard.loop.cancel(will.timer) }
        absence = nil
        return will?.will
    }

    private func publish(_ will: PendingWill) {
        note(.will(clientID, nil))
        shard.publish(will)
    }

    /// Nothing is published when the client is gone.
    func discardWill() {
        connection?.will = nil
        if let will = absence?.will { shard.loop.cancel(will.timer) }
        absence?.will = nil
        note(.will(clientID, nil))
        forgetWillAlone()
    }

    /// The session ends; called by its loop, which forgets it.
    func end() {
        let will = endAbsence()
        note(.sessionEnded(clientID))
        forgetWillAlone()
        for subscription in subscriptions.all { release(subscription) }
        subscriptions = SubscriptionList()
        retainedScans = []
        _ = changeQueue { $0.remove { _ in true } }
        shard.core.budget.subtract(received.count * Receipt.size)
        received = ExactlyOnceReceiver()
        // [MQTT-4.8.2-5]
        _ = window.removeAll()
        countInFlight()
        if let will { shard.publish(will) }
    }

    /// The client wants another expiry than it said in CONNECT.
    func change(to expiry: SessionExpiry) {
        let wasStored = isStored
        self.expiry = expiry
        if isStored {
            note(.sessionPresent(clientID, owner: owner, expiresIn: expiry.limit))
        } else if wasStored {
            shard.note(.sessionEnded(clientID))
        }
    }

    // MARK: The store

    /// Whether the store is told of it.
    var isStored: Bool { expiry != .withConnection }

    /// Whether the store has anything of it.
    var isKept: Bool { isStored || isWillKeptAlone }

    /// A session that ends with its connection leaves no more than its will after a crash [MQTT-3.1.2-7]: the store has it as a session of no time.
    private func keepWillAlone(_ will: PendingWill?) {
        isWillKeptAlone = will != nil
        guard let will else { return }
        shard.note(.sessionPresent(clientID, owner: owner, expiresIn: .zero))
        shard.note(.will(clientID, will.stored))
    }

    private func forgetWillAlone() {
        if isWillKeptAlone { shard.note(.sessionEnded(clientID)) }
        isWillKeptAlone = false
    }

    /// Notes a change for the store, unless the session ends with its connection.
    func note(_ change: @autoclosure () -> StoreChange) {
        if isStored { shard.note(change()) }
    }

    /// Takes a delivery that came from the store.
    func restore(_ delivery: Delivery, _ stage: StoredDelivery.Stage) {
        switch stage {
        case .queued: append(delivery)
        case .sent(let packetID):
            window.restore(
                packetID: packetID, stage: delivery.qos == .exactlyOnce ? .pubrec : .puback, message: delivery)
        case .released(let packetID): window.restore(packetID: packetID, stage: .pubcomp, message: nil)
        }
        countInFlight()
    }

    // MARK: Subscriptions

    /// Subscribes, or replaces the options of a subscription to the very same filter [MQTT-3.8.4-3]. Returns whether it is a new one.
    func subscribe(_ filter: TopicFilter, options: SubscriptionOptions, identifier: Int?) -> Bool {
        note(.subscribed(clientID, StoredSubscription(filter: filter, options: options, identifier: identifier)))
        if let existing = subscriptions[filter] {
            // [MQTT-3.8.4-4]
            existing.options = options
            existing.identifier = identifier
            return false
        }
        let subscription = SessionSubscription(
            session: self, filter: filter, options: options, identifier: identifier)
        subscriptions.add(subscription)
        count(filter, 1)
        if filter.isShared {
            shard.join(filter, clientID: clientID, isConnected: connection != nil)
        } else {
            shard.tree.add(subscription)
            shard.core.interest.add(filter, loop: shard.index)
        }
        return true
    }

    /// Ends a subscription; returns whether there was one.
    func unsubscribe(_ filter: TopicFilter) -> Bool {
        // [MQTT-3.10.4-1, MQTT-3.10.4-2]
        guard let subscription = subscriptions.remove(filter) else { return false }
        note(.unsubscribed(clientID, filter))
        release(subscription)
        return true
    }

    // [MQTT-3.10.4-3]: what waits or is under way stays
    private func release(_ subscription: SessionSubscription) {
        count(subscription.filter, -1)
        if subscription.filter.isShared {
            shard.leave(subscription.filter, clientID: clientID)
        } else {
            shard.tree.remove(subscription)
            shard.core.interest.remove(subscription.filter, loop: shard.index)
        }
    }

    private func count(_ filter: TopicFilter, _ step: Int) {
        shard.counters.add(step, to: .subscriptions)
        if filter.isShared { shard.counters.add(step, to: .sharedSubscriptions) }
        if filter.isForSystem, shard.core.countSystemSubscriptions(step) {
            shard.post(to: 0) { $0.publishSystemTopics() }
        }
        let bytes = SessionSubscription.cost(filter) * step
        subscriptionBytes += bytes
        shard.core.subscriptionBudget.add(bytes)
    }

    private func updateShares(isConnected: Bool) {
        for subscription in subscriptions.all where subscription.filter.isShared {
            shard.join(subscription.filter, clientID: clientID, isConnected: isConnected)
        }
    }

    // MARK: QoS 2 from the client

    /// Whether there are as many publications without PUBREL as there may be.
    var hasAllUnreleased: Bool { received.count >= shard.core.limits.unreleasedPerSession }

    /// Remembers a QoS 2 publication until its PUBREL.
    func receive(_ packetID: PacketID, receipt: Receipt) {
        if received.receipt(for: packetID) == nil { shard.core.budget.add(Receipt.size) }
        received.receive(packetID, receipt: receipt)
    }

    /// PUBREL came; `false` if there was nothing for it to release.
    func release(_ packetID: PacketID) -> Bool {
        guard received.release(packetID) else { return false }
        shard.core.budget.subtract(Receipt.size)
        return true
    }

    // MARK: Messages to the client

    /// Takes a message for the client, to be sent when its turn comes.
    func deliver(_ delivery: Delivery) {
        guard let connection else { return keepForLater(delivery) }
        // Most find nothing before them: passing them through the queue would cost as much as the rest of a small delivery.
        if queue.isEmpty, window.hasRoom || delivery.qos == .atMostOnce && window.isSent {
            if connection.transmitAtOnce(delivery) { return }
        }
        if queue.bytes > 0, shard.core.budget.isExceeded, !isDraining { makeRoom() }
        append(delivery)
        connection.fillOutput()
        holdPublisherIfCongested(delivery.message.publisher)
    }

    /// The client is absent: QoS 1 and 2 wait for it [MQTT3-3.1.2-5], QoS 0 does not.
    private func keepForLater(_ delivery: Delivery) {
        guard delivery.qos != .atMostOnce, !delivery.message.endsWithConnection else { return }
        if shard.core.budget.isExceeded { makeRoom() }
        append(delivery)
    }

    /// The broker holds all that it may, and this client takes nothing: what is new comes in place of what waits longest.
    private func makeRoom() {
        guard let oldest = changeQueue({ $0.removeOldest() }) else { return }
        dropped(oldest, oldest.qos == .atMostOnce ? .queueFullQoS0 : .queueFullOldest)
    }

    /// Notes for the store what must survive a crash.
    func noteQueued(_ delivery: Delivery) {
        if delivery.isDurable { note(.queued(clientID, delivery.stored(at: shard.loop.now))) }
    }

    private func append(_ delivery: Delivery) {
        noteQueued(delivery)
        switch changeQueue({ $0.append(delivery, within: shard.core.limits) }) {
        case .none: break
        case .refused: dropped(delivery, .queueFullQoS0)
        case .displaced(let oldest):
            for delivery in oldest {
                dropped(delivery, delivery.qos == .atMostOnce ? .queueFullQoS0 : .queueFullOldest)
            }
        }
    }

    /// Whether nothing waits for the output to be empty.
    var isAtRest: Bool { queue.isEmpty && window.isSent && congestion == nil && retainedScans.isEmpty }

    /// The delivery that the connection is to send next; `nil` when nothing may be sent.
    func nextDelivery() -> Delivery? {
        changeQueue { $0.next(windowHasRoom: window.hasRoom) }
    }

    /// A delivery will not be made. `isSettled`: the store knows it no longer.
    func dropped(_ delivery: Delivery, _ cause: DropCause, isSettled: Bool = false) {
        if delivery.isDurable, !isSettled { note(.dropped(clientID, message: delivery.message.id)) }
        shard.counters.countDrop(cause)
        shard.observe(.dropped(clientID: clientID, delivery.message.topic, cause))
        if let token = delivery.token { endTracked(token, .notSent) }
    }

    /// Takes a delivery out of the queue; `false` if it is not there any more.
    func removeQueued(_ token: DeliveryToken) -> Bool {
        !changeQueue { $0.remove { $0.token == token } }.isEmpty
    }

    /// To be called when messages came into the window or left it.
    func countInFlight() {
        shard.counters.add(window.count - Int(countedInFlight), to: .inFlightMessages)
        countedInFlight = UInt16(truncatingIfNeeded: window.count)
    }

    private func changeQueue<Result>(_ change: (inout DeliveryQueue) -> Result) -> Result {
        let (before, bytesBefore) = (queue.count, queue.bytes)
        let result = change(&queue)
        let (count, bytes) = (queue.count, queue.bytes)
        if count != before { shard.counters.add(count - before, to: .queuedMessages) }
        if bytes != bytesBefore { shard.counters.add(bytes - bytesBefore, to: .queuedBytes) }
        if (count ^ before) & ~63 != 0 {
            // Never more than the places that the budget knows of and 63.
            shard.core.budget.add(((count & ~63) - (before & ~63)) * shard.core.placeSize)
        }
        return result
    }
}
