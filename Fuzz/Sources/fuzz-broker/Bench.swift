import FuzzSupport
import Glibc
import Logging
import Synchronization

@testable import MQTTBroker
@testable import MQTTWire

/// The broker's loops, sessions and connections on one thread, whose turns and whose time the input decides about; no port, no thread.
final class Bench {
    let core: Core
    private let loops: [EventLoop]
    private let shards: [Shard]
    private let store: SlowStore?
    private let address: SocketAddress
    private let topics: Recorder

    init(loops count: Int, hasStore: Bool, isTight: Bool) {
        var configuration = BrokerConfiguration(listeners: [])
        configuration.sysInterval = .zero
        configuration.limits.maximumSessionExpiry = .seconds(3600)
        if isTight {
            configuration.limits.receiveMaximum = 2
            configuration.limits.inFlightPerSession = 2
            configuration.limits.queuedMessagesPerSession = 4
            configuration.limits.congestedMessages = 2
            configuration.limits.subscriptionsPerSession = 3
            configuration.limits.retainedMessages = 2
            configuration.limits.unauthenticatedPerAddress = 1
            configuration.limits.bufferedBytes = 4000
            configuration.limits.loopBacklog = 2
            configuration.limits.unsentAnswers = 100
        }
        let topics = Recorder()
        self.topics = topics
        store = hasStore ? SlowStore() : nil
        let hooks = Hooks(
            authenticate: { request, _ in
                // Nobody but the observers is an observer.
                let isObserver = request.clientID.text.hasPrefix("observer ")
                return isObserver != (request.userName == Observer.userName)
                    ? .refuse(.notAuthorized) : .allow(as: ClientIdentity(rawValue: isObserver ? "observer" : ""))
            },
            authorizePublish: { _, topic, _, retain in
                if retain { topics.add(topic) }
                return .allow
            })
        core = Core(
            configuration, hooks: hooks, store: store,
            logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }, loopCount: count)
        let core = core
        loops = (0..<count).map { _ in
            guard let loop = try? EventLoop(withoutThread: ()) else { fatalError("no descriptor is left") }
            return loop
        }
        shards = loops.enumerated().map { Shard(index: $0.offset, core: core, loop: $0.element) }
        for shard in shards { shard.peers = shards }
        var local = sockaddr_in()
        local.sin_family = sa_family_t(AF_INET)
        local.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let made = SocketAddress(filledBy: { address, length in
            address.storeBytes(of: local, as: sockaddr_in.self)
            length.pointee = socklen_t(MemoryLayout<sockaddr_in>.size)
            return 0
        })
        guard let made else { fatalError("no address") }
        address = made
    }

    /// A connection: the broker has the other end.
    func connect(to index: Int = 0) -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0, &ends) == 0 else {
            fatalError("no descriptor is left")
        }
        let stream = HandedOverStream(ByteStream(plain: Descriptor(adopting: ends[1])))
        guard let place = core.unauthenticated.enter(from: address.origin) else { return ends[0] }
        Arrival(stream, address: address, place: place, shard: shards[index % shards.count])?.begin()
        return ends[0]
    }

    func turn() { for loop in loops { loop.turn() } }

    /// Takes turns, in which the observers take what there is, until nothing more comes of them.
    func settle(_ observers: [Observer]) {
        for round in 0..<16 {
            turn()
            var hasMore = false
            for observer in observers where observer.receive() { hasMore = true }
            // One connection's end, seen while it is written to, has others written to in the next turn.
            if round > 0, !hasMore, loops.allSatisfy(\.isAtRest) { break }
        }
    }

    /// What happens to the broker itself.
    func take(_ operation: UInt8, _ argument: UInt8, _ observers: [Observer]) {
        switch operation & 7 {
        case 0: for loop in loops { loop.turn() }
        case 1: loops[Int(argument) % loops.count].turn()
        case 2: store?.release(Int(argument) + 1)
        case 3: store?.isSlow.toggle()
        default:
            // Nobody may be said to have taken nothing while it was not asked.
            settle(observers)
            pass(.milliseconds((Int64(1) << Int64(argument & 31)) >> 8))
        }
    }

    private func pass(_ time: Duration) {
        for loop in loops { loop.turn(skipping: time) }
        turn()
    }

    /// All clients have gone; so has, in time, all that was theirs.
    func end() {
        store?.isSlow = false
        store?.release(.max)
        for _ in 0..<6 { turn() }
        // The end of what lingers, then of sessions and wills.
        for _ in 0..<3 { pass(.seconds(20)) }
        for _ in 0..<3 { pass(.seconds(3700)) }
        for topic in topics.all {
            _ = core.retained.store(
                Message(
                    id: core.nextMessageID(), topic: topic, body: SharedSlice(.empty), qos: .atMostOnce, retain: true))
        }
        for _ in 0..<6 { turn() }
        store?.forget()
        var left = BrokerCounters()
        for shard in shards { shard.counters.add(to: &left) }
        core.add(to: &left)
        check(left.connections == 0, "\(left.connections) connections")
        check(left.unauthenticated == 0 && left.waitingForConnect == 0, "\(left.unauthenticated) strangers")
        check(left.clients == 0 && left.sessions == 0, "\(left.clients) clients, \(left.sessions) sessions")
        check(left.subscriptions == 0 && left.subscriptionBytes == 0 && left.sharedSubscriptions == 0)
        check(left.retainedMessages == 0 && left.retainedBytes == 0, "\(left.retainedMessages) retained")
        check(left.willBytes == 0, "\(left.willBytes) bytes of wills")
        check(left.queuedMessages == 0 && left.queuedBytes == 0, "\(left.queuedMessages) queued")
        check(left.inFlightMessages == 0, "\(left.inFlightMessages) in flight")
        check(left.unsentBytes == 0, "\(left.unsentBytes) unsent")
        check(left.bufferedBytes == 0, "\(left.bufferedBytes) buffered")
        for shard in shards { check(shard.tree.count == 0 && shard.sessions.isEmpty && shard.arrivals.isEmpty) }
        for shard in shards { shard.peers = [] }
        for loop in loops { loop.endTurns() }
    }
}

/// The topics that something may be retained under.
final class Recorder: Sendable {
    private let topics = Mutex<Set<TopicName>>([])

    var all: Set<TopicName> { topics.withLock { $0 } }
    func add(_ topic: TopicName) { topics.withLock { _ = $0.insert(topic) } }
}

/// A store that forgets everything, and says that it is durable at once or when it is asked to.
final class SlowStore: SessionStore {
    private struct State {
        var isSlow = false
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var isSlow: Bool {
        get { state.withLock { $0.isSlow } }
        set { state.withLock { $0.isSlow = newValue } }
    }

    func load() -> StoredState { StoredState() }

    func apply(_ changes: [StoreChange], whenDurable: @escaping @Sendable () -> Void) {
        let isSlow = state.withLock { state in
            if state.isSlow { state.waiting.append(whenDurable) }
            return state.isSlow
        }
        if !isSlow {
            // What came before is durable first.
            release(.max)
            whenDurable()
        }
    }

    func release(_ count: Int) {
        let due = state.withLock { state in
            let due = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(due.count)
            return due
        }
        for action in due { action() }
    }

    func forget() { state.withLock { $0.waiting = [] } }
}
