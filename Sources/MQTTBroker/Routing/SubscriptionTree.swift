import MQTTWire

/// The subscriptions of one loop's sessions, found by topic.
///
/// Filters without wildcards, which are most, lie in one dictionary: a publication finds them by one look-up, whatever their number. The others form a
/// tree of levels. Adding and removing take constant time however many share a filter, because a subscription knows its place in its list.
struct SubscriptionTree {
    /// The subscriptions to one filter.
    class Node {
        private enum Members {
            case one(SessionSubscription)
            case many([SessionSubscription])
        }

        // Most topics of a fleet are one gateway's own: an array for each would take as much as all the rest of them.
        private var members = Members.many([])
        /// The share groups whose owner this loop is.
        fileprivate(set) var groups: [ShareGroup] = []

        fileprivate var isUnused: Bool { groups.isEmpty && first == nil }

        fileprivate var first: SessionSubscription? {
            switch members {
            case .one(let only): only
            case .many(let list): list.first
            }
        }

        func forEachSubscription(_ body: (SessionSubscription) -> Void) {
            switch members {
            case .one(let only): body(only)
            case .many(let list): for subscription in list { body(subscription) }
            }
        }

        fileprivate func add(_ subscription: SessionSubscription) {
            switch members {
            case .many(let list) where list.isEmpty:
                subscription.position = 0
                members = .one(subscription)
            case .one(let only):
                subscription.position = 1
                members = .many([only, subscription])
            case .many(var list):
                subscription.position = UInt32(truncatingIfNeeded: list.count)
                members = .many([])
                list.append(subscription)
                members = .many(list)
            }
        }

        fileprivate func remove(_ subscription: SessionSubscription) {
            guard case .many(var list) = members else { return members = .many([]) }
            members = .many([])
            let last = list.removeLast()
            if last !== subscription {
                list[Int(subscription.position)] = last
                last.position = subscription.position
            }
            members = .many(list)
        }
    }

    /// One level of the filters with wildcards, and the subscriptions to the filter that ends with it.
    fileprivate final class Level: Node {
        fileprivate var children: [TopicBytes: Level] = [:]
        fileprivate var singleLevel: Level?
        fileprivate var multiLevel: Level?
        private unowned let parent: Level?
        private let level: TopicBytes

        fileprivate init(parent: Level?, level: TopicBytes) {
            self.parent = parent
            self.level = level
        }

        fileprivate override var isUnused: Bool {
            super.isUnused && children.isEmpty && singleLevel == nil && multiLevel == nil
        }

        fileprivate func child(_ level: TopicBytes) -> Level {
            if let existing = existingChild(level) { return existing }
            let node = Level(parent: self, level: level)
            switch level {
            case TopicBytes.singleLevelWildcard: singleLevel = node
            case TopicBytes.multiLevelWildcard: multiLevel = node
            default: children[level] = node
            }
            return node
        }

        private func existingChild(_ level: TopicBytes) -> Level? {
            switch level {
            case TopicBytes.singleLevelWildcard: singleLevel
            case TopicBytes.multiLevelWildcard: multiLevel
            default: children[level]
            }
        }

        /// Takes this node out of its parent, and the parent out of its own if nothing is left there.
        fileprivate func prune() {
            var node = self
            while node.isUnused, let parent = node.parent {
                switch node.level {
                case TopicBytes.singleLevelWildcard: parent.singleLevel = nil
                case TopicBytes.multiLevelWildcard: parent.multiLevel = nil
                default: parent.children[node.level] = nil
                }
                node = parent
            }
        }
    }

    private var exact: [TopicBytes: Node] = [:]
    private let root = Level(parent: nil, level: TopicBytes([]))
    /// The number of subscriptions in the tree.
    private(set) var count = 0

    /// Adds a subscription.
    mutating func add(_ subscription: SessionSubscription) {
        let node = node(for: subscription.filter)
        if let first = node.first { subscription.shareFilter(with: first) }
        subscription.node = node
        node.add(subscription)
        count += 1
    }

    /// Removes a subscription that was added.
    mutating func remove(_ subscription: SessionSubscription) {
        guard let node = subscription.node else { return }
        node.remove(subscription)
        subscription.node = nil
        count -= 1
        discardIfUnused(node, filter: subscription.filter)
    }

    /// The group of a shared filter, made if need be.
    mutating func group(_ filter: TopicFilter) -> (group: ShareGroup, isNew: Bool) {
        let node = node(for: filter)
        if let group = node.groups.first(where: { $0.filter == filter }) { return (group, false) }
        let group = ShareGroup(filter: filter)
        node.groups.append(group)
        return (group, true)
    }

    /// Removes a share group that has no members any more.
    mutating func removeGroup(_ group: ShareGroup) {
        let node = node(for: group.filter)
        node.groups.removeAll { $0 === group }
        discardIfUnused(node, filter: group.filter)
    }

    /// Calls `visit` for every filter that matches the topic.
    func match(_ topic: TopicName, _ visit: (Node) -> Void) {
        let topic = TopicBytes(topic.bytes)
        if let node = exact[topic] { visit(node) }
        if root.isUnused { return }
        let levels = topic.levels
        // An explicit stack: a topic may have thousands of levels, and recursion would be bounded by a thread's stack.
        var pending: [(node: Level, depth: Int)] = [(root, 0)]
        while let (node, depth) = pending.popLast() {
            let wildcardsApply = depth > 0 || !topic.beginsWithDollar
            // "sport/#" matches "sport" too (section 4.7.1.2).
            if wildcardsApply, let multiLevel = node.multiLevel { visit(multiLevel) }
            guard depth < levels.count else {
                if depth > 0 { visit(node) }
                continue
            }
            if wildcardsApply, let singleLevel = node.singleLevel { pending.append((singleLevel, depth + 1)) }
            if let child = node.children[levels[depth]] { pending.append((child, depth + 1)) }
        }
    }

    private mutating func node(for filter: TopicFilter) -> Node {
        guard filter.hasWildcard else {
            let key = filter.matched
            if let node = exact[key] { return node }
            let node = Node()
            exact[key] = node
            return node
        }
        return filter.matched.levels.reduce(root) { $0.child($1) } as Level
    }

    private mutating func discardIfUnused(_ node: Node, filter: TopicFilter) {
        guard node.isUnused else { return }
        if let level = node as? Level { level.prune() } else { exact[filter.matched] = nil }
    }
}
