import DequeModule

/// What outlives a client's connections: messages in flight both ways, requests, subscriptions. Decides what is sent next.
///
/// A value without I/O; the core sends what `next` says.
struct ClientSession {
    /// A QoS 1 or 2 publication and the request that waits for it.
    struct Outbound {
        let publication: MQTTPublication
        let request: UInt64
    }

    /// A SUBSCRIBE or UNSUBSCRIBE.
    struct Request {
        enum Kind {
            case subscribe([Subscription], Properties)
            case unsubscribe([TopicFilter])
        }

        let kind: Kind
        /// Nil: the client makes its subscriptions again by itself.
        let request: UInt64?
    }

    /// A packet to be sent.
    enum Outgoing {
        case publish(PacketID, Outbound, isDuplicate: Bool)
        case pubrel(PacketID)
        case request(PacketID, Request)
    }

    /// How a publication ended that the loss of the session cut short.
    enum Settlement: Equatable {
        case delivered(request: UInt64)
        case unknown(request: UInt64)
    }

    private static let subscriptionsAtOnce = 64

    /// A subscription that stands, with the properties of its SUBSCRIBE.
    private struct Standing {
        let subscription: Subscription
        let properties: Properties
    }

    private var window: OutboundWindow<Outbound>
    /// Whose messages had their PUBREC: the window keeps no more of them than the packet id.
    private var releasing: [PacketID: UInt64] = [:]
    private var waiting: Deque<Outbound> = []
    private var unsentRequests: Deque<Request> = []
    private var sentRequests: [(packetID: PacketID, request: Request)] = []
    private var standing: [Standing] = []
    /// The receiving side.
    var inbound = InboundDeliveries()

    /// A session without a past.
    init() {
        window = OutboundWindow(limit: Int(UInt16.max))
    }

    /// How many publications wait or are in flight.
    var publicationCount: Int { waiting.count + window.count }

    // MARK: Requests

    /// Accepts a QoS 1 or 2 publication; `next` will send it.
    mutating func publish(_ outbound: Outbound) {
        waiting.append(outbound)
    }

    /// Accepts a SUBSCRIBE or UNSUBSCRIBE; `next` will send it.
    mutating func request(_ request: Request) {
        unsentRequests.append(request)
    }

    /// What is to be sent now: repetitions first and in order, then requests, then new messages as the server's Receive Maximum lets them.
    mutating func next() -> Outgoing? {
        if let entry = window.nextToResend() {
            guard let message = entry.message else { return .pubrel(entry.packetID) }
            return .publish(entry.packetID, message, isDuplicate: true)
        }
        if let request = unsentRequests.first, let packetID = window.takePacketID(avoiding: isRequest) {
            unsentRequests.removeFirst()
            sentRequests.append((packetID, request))
            return .request(packetID, request)
        }
        if let outbound = waiting.first,
            let packetID = window.add(outbound, qos: outbound.publication.qos, avoiding: isRequest)
        {
            waiting.removeFirst()
            return .publish(packetID, outbound, isDuplicate: false)
        }
        return nil
    }

    /// Takes back a publication that turned out not to be sendable.
    mutating func withdraw(_ outbound: Outbound) {
        _ = window.remove { $0.request == outbound.request }
    }

    private func isRequest(_ packetID: PacketID) -> Bool {
        sentRequests.contains { $0.packetID == packetID }
    }

    // MARK: Connections

    /// A connection was accepted. `resumes`: the server went on with the session; otherwise what it owed is settled, and what can be sent again is.
    ///
    /// `resubscribes` has the subscriptions that stood made again, before anything else.
    mutating func connected(resumes: Bool, resubscribes: Bool, receiveMaximum: Int) -> [Settlement] {
        for (_, request) in sentRequests.reversed() where request.request != nil { unsentRequests.prepend(request) }
        unsentRequests.removeAll { $0.request == nil }
        sentRequests = []
        if resubscribes { prependSubscriptions() }
        let settled = resumes ? [] : startAnew()
        window.connectionBegan(limit: receiveMaximum)
        return settled
    }

    /// The connection ended.
    mutating func connectionEnded() {
        inbound.connectionEnded()
    }

    /// At least once can be kept without the server's memory: the message is new to it. Exactly once cannot.
    private mutating func startAnew() -> [Settlement] {
        inbound.sessionEnded()
        var settled: [Settlement] = []
        var again: [Outbound] = []
        window.connectionBegan(limit: .max)
        while let entry = window.nextToResend() {
            switch (entry.stage, entry.message) {
            case (.puback, let message?): again.append(message)
            case (.pubrec, let message?): settled.append(.unknown(request: message.request))
            default:
                if let request = releasing[entry.packetID] { settled.append(.delivered(request: request)) }
            }
        }
        _ = window.removeAll()
        releasing = [:]
        waiting.prepend(contentsOf: again)
        return settled
    }

    /// One SUBSCRIBE for each run of subscriptions that were made with the same properties.
    private mutating func prependSubscriptions() {
        var requests: [Request] = []
        var rest = standing[...]
        while let first = rest.first {
            let run = rest.prefix { $0.properties == first.properties }.prefix(Self.subscriptionsAtOnce)
            requests.append(Request(kind: .subscribe(run.map(\.subscription), first.properties), request: nil))
            rest = rest.dropFirst(run.count)
        }
        unsentRequests.prepend(contentsOf: requests)
    }

    // MARK: Answers

    /// PUBACK came; returns what it ends, nil if it answers nothing.
    mutating func puback(_ packetID: PacketID) -> Outbound? {
        if case .settled(let outbound) = window.puback(packetID) { outbound } else { nil }
    }

    /// What a PUBREC leads to.
    enum PubrecOutcome {
        /// PUBREL is due.
        case release
        /// The server refused the message.
        case refused(Outbound)
        /// Nothing waits for it.
        case unknown
    }

    /// PUBREC came.
    mutating func pubrec(_ packetID: PacketID, isFailure: Bool) -> PubrecOutcome {
        switch window.pubrec(packetID, failure: isFailure) {
        case .released(let outbound):
            releasing[packetID] = outbound?.request
            return .release
        case .releasedAgain: return .release
        case .settled(let outbound?): return .refused(outbound)
        case .settled(nil), .unknown: return .unknown
        }
    }

    /// PUBCOMP came; returns the request that it ends, nil if it answers nothing.
    mutating func pubcomp(_ packetID: PacketID) -> UInt64? {
        guard case .settled = window.pubcomp(packetID) else { return nil }
        return releasing.removeValue(forKey: packetID)
    }

    /// SUBACK or UNSUBACK came; returns what it answers.
    mutating func answered(_ packetID: PacketID) -> Request? {
        guard let index = sentRequests.firstIndex(where: { $0.packetID == packetID }) else { return nil }
        return sentRequests.remove(at: index).request
    }

    /// Remembers a subscription that was granted, in place of an earlier one to the same filter.
    mutating func subscribed(_ subscription: Subscription, _ properties: Properties) {
        unsubscribed(subscription.filter)
        standing.append(Standing(subscription: subscription, properties: properties))
    }

    /// Forgets a subscription.
    mutating func unsubscribed(_ filter: TopicFilter) {
        standing.removeAll { $0.subscription.filter == filter }
    }
}
