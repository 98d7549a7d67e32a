import MQTTWire
import Synchronization

/// The last retained message of each topic, for all loops: touched by retained publications and by SUBSCRIBE alone, hence behind one lock.
final class RetainedStore: Sendable {
    fileprivate struct Node {
        var message: Message?
        var children: [TopicBytes: Int] = [:]
        var parent: Int
        var level: TopicBytes
    }

    fileprivate struct State {
        /// A tree of levels in one array; nodes refer to each other by index.
        var nodes: [Node] = [Node(message: nil, parent: 0, level: TopicBytes([]))]
        var free: [Int] = []
        var count = 0
        /// The bytes of the messages.
        var messageBytes = 0
        /// How often a topic's message has changed.
        var changeCount: UInt64 = 0
        /// Those of the levels of their topics too.
        var bytes: Int { messageBytes + (nodes.count - free.count - 1) * RetainedStore.nodeSize }
    }

    /// What a level of a topic takes in memory, about.
    fileprivate static let nodeSize = 160

    private let maximumCount: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumCount: Int, maximumBytes: Int) {
        self.maximumCount = maximumCount
        self.maximumBytes = maximumBytes
    }

    /// The number of retained messages, and their bytes.
    var figures: (count: Int, bytes: Int) { state.withLock { ($0.count, $0.bytes) } }

    /// Replaces the topic's retained message [MQTT-3.3.1-5]; one without payload only removes it [MQTT-3.3.1-6, MQTT-3.3.1-7].
    /// Returns the place of that among all changes; `nil` when there is no room.
    func store(_ message: Message) -> UInt64? {
        let levels = TopicBytes(message.topic.bytes).levels
        // What is replaced is freed after the lock is released.
        var replaced: Message?
        return state.withLock { state in
            guard message.payloadCount > 0 else {
                replaced = state.remove(levels)
                _ = replaced
                return state.nextChange()
            }
            let index = state.node(for: levels)
            let before = state.nodes[index].message
            let growth = message.size - (before?.size ?? 0)
            guard state.bytes + growth <= maximumBytes, before != nil || state.count < maximumCount else {
                state.prune(index)
                return nil
            }
            // [MQTT3-3.1.2-7]: whoever published it
            replaced = before
            state.nodes[index].message = message
            state.messageBytes += growth
            if before == nil { state.count += 1 }
            return state.nextChange()
        }
    }

    /// How many levels, and bytes of messages, are looked at under one lock.
    private static let nodesAtOnce = 1000
    private static let bytesAtOnce = 1 << 20

    /// Takes what the session store gave back, which are no changes.
    func restore(_ messages: [Message]) {
        for message in messages { _ = store(message) }
        state.withLock { $0.changeCount = 0 }
    }

    /// What was found; expired messages were removed on the way, which the session store is yet to be told.
    struct Findings {
        var messages: [Message] = []
        var removed: [(topic: TopicName, order: UInt64)] = []
    }

    /// The retained messages whose topics match the filter. `nil` if there are more than `limit`, or that means to look at too much at once: then
    /// ``scan(_:atMost:at:)`` is for it.
    func matching(_ filter: TopicFilter, atMost limit: Int, at now: MonotonicTime) -> Findings? {
        // Most fleets retain nothing, and each of their gateways subscribes to many topics when it comes.
        guard figures.count > 0 else { return Findings() }
        let filter = filter.matched.levels
        return state.withLock { state in
            var found = Findings()
            var (nodesLeft, bytesLeft) = (Self.nodesAtOnce, Self.bytesAtOnce)
            var expired: [Int] = []
            var pending: [(node: Int, depth: Int)] = [(0, 0)]
            func take(_ index: Int) {
                guard let message = state.nodes[index].message else { return }
                if message.hasExpired(at: now) { return expired.append(index) }
                found.messages.append(message)
                bytesLeft -= message.size
            }
            while let (index, depth) = pending.popLast() {
                nodesLeft -= 1
                guard nodesLeft > pending.count, found.messages.count < limit,
                    bytesLeft > 0 || found.messages.count == 1
                else {
                    return nil
                }
                let children = state.nodes[index].children
                guard depth < filter.count else {
                    take(index)
                    continue
                }
                switch filter[depth] {
                case TopicBytes.multiLevelWildcard:
                    // "sport/#" matches "sport" too; the depth stays, so that all that lies below is taken.
                    take(index)
                    guard nodesLeft > pending.count + children.count else { return nil }
                    for (level, child) in children where depth > 0 || index != 0 || !level.beginsWithDollar {
                        pending.append((child, depth))
                    }
                case TopicBytes.singleLevelWildcard:
                    guard nodesLeft > pending.count + children.count else { return nil }
                    for (level, child) in children where depth > 0 || !level.beginsWithDollar {
                        pending.append((child, depth + 1))
                    }
                case let level:
                    if let child = children[level] { pending.append((child, depth + 1)) }
                }
            }
            for index in expired { state.removeExpired(index, &found) }
            return found
        }
    }

    /// Looks through some more of the store; returns what matches, and whether that was all. A message that stays is found once, and one that comes
    /// meanwhile is not: the subscription gets it by itself.
    func scan(
        _ scan: inout RetainedScan, atMost limit: Int, at now: MonotonicTime
    ) -> (found: Findings, isDone: Bool) {
        state.withLock { state in
            var found = Findings()
            var bytesLeft = Self.bytesAtOnce
            let end = min(state.nodes.count, scan.position + Self.nodesAtOnce)
            while scan.position < end, found.messages.count < limit, bytesLeft > 0 {
                let index = scan.position
                scan.position += 1
                guard let message = state.nodes[index].message, message.id <= scan.newest,
                    scan.filter.matches(message.topic)
                else { continue }
                guard !message.hasExpired(at: now) else {
                    state.removeExpired(index, &found)
                    continue
                }
                found.messages.append(message)
                bytesLeft -= message.size
            }
            return (found, scan.position >= state.nodes.count)
        }
    }
}

extension RetainedStore.State {
    fileprivate mutating func node(for levels: [TopicBytes]) -> Int {
        var index = 0
        for level in levels {
            if let child = nodes[index].children[level] {
                index = child
                continue
            }
            let node = RetainedStore.Node(message: nil, parent: index, level: level)
            let child: Int
            if let recycled = free.popLast() {
                nodes[recycled] = node
                child = recycled
            } else {
                child = nodes.count
                nodes.append(node)
            }
            nodes[index].children[level] = child
            index = child
        }
        return index
    }

    fileprivate mutating func remove(_ levels: [TopicBytes]) -> Message? {
        var index = 0
        for level in levels {
            guard let child = nodes[index].children[level] else { return nil }
            index = child
        }
        let message = nodes[index].message
        clear(index)
        return message
    }

    fileprivate mutating func nextChange() -> UInt64 {
        changeCount += 1
        return changeCount
    }

    fileprivate mutating func removeExpired(_ index: Int, _ found: inout RetainedStore.Findings) {
        guard let topic = nodes[index].message?.topic else { return }
        clear(index)
        found.removed.append((topic, nextChange()))
    }

    fileprivate mutating func clear(_ index: Int) {
        if let message = nodes[index].message {
            messageBytes -= message.size
            count -= 1
            nodes[index].message = nil
        }
        prune(index)
    }

    /// Takes out a node that has neither message nor children, and so on towards the root.
    fileprivate mutating func prune(_ start: Int) {
        var index = start
        while index != 0, nodes[index].message == nil, nodes[index].children.isEmpty {
            let parent = nodes[index].parent
            nodes[parent].children[nodes[index].level] = nil
            nodes[index].level = TopicBytes([])
            free.append(index)
            index = parent
        }
    }
}
