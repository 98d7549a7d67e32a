import MQTTWire

/// The subscriptions of one loop's sessions, found by topic.
///
/// Filters without wildcards, which are most, lie in one dictionary: a publication finds them by one look-up, whatever their number. The others form a
/// tree of levels. Adding and removing take constant time however many share a filter, because a subscription knows its place in its list.
struct SubscriptionTree {
    /// The subscriptions to one filter.
    final class Node {
        fileprivate(set) var subscriptions: [SessionSubscription] = []
        /// The share groups whose owner this loop is.
        fileprivate(set) var groups: [ShareGroup] = []
        fileprivate var children: [TopicBytes: Node] = [:]
        fileprivate var singleLevel: Node?
        fileprivate var multiLevel: Node?
        private unowned let parent: Node?
        private let level: TopicBytes

        fileprivate init(parent: Node?, level: TopicBytes) {
            self.parent = parent
            self.level = level
        }

        fileprivate var isUnused: Bool {
            subscriptions.isEmpty && groups.isEmpty && children.isEmpty && singleLevel == nil && multiLevel == nil
        }

        fileprivate func child(_ level: TopicBytes) -> Node {
            if let existing = existingChild(level) { return existing }
            let node = Node(parent: self, level: level)
            switch level {
            case TopicBytes.singleLevelWildcard: singleLevel = node
            case TopicBytes.multiLevelWildcard: multiLevel = node
            default: children[level] = node
            }
            return node
        }

        private func existingChild(_ level: TopicBytes) -> Node? {
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
    private let root = Node(parent: nil, level: TopicBytes([]))
    /// The number of subscriptions in the tree.
    private(set) var count = 0

    /// Adds a subscription.
    mutating func add(_ subscription: SessionSubscription) {
        let node = node(for: subscription.filter)
        subscription.node = node
        subscription.position = node.subscriptions.count
        node.subscriptions.append(subscription)
        count += 1
    }

    /// Removes a subscription that was added.
    mutating func remove(_ subscription: SessionSubscription) {
        guard let node = subscription.node else { return }
        let last = node.subscriptions.removeLast()
        if last !== subscription {
            node.subscriptions[subscription.position] = last
            last.position = subscription.position
        }
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
        var pending: [(node: Node, depth: Int)] = [(root, 0)]
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
            let node = Node(parent: nil, level: key)
            exact[key] = node
            return node
        }
        return filter.matched.levels.reduce(root) { $0.child($1) }
    }

    private mutating func discardIfUnused(_ node: Node, filter: TopicFilter) {
        guard node.isUnused else { return }
        if filter.hasWildcard { node.prune() } else { exact[filter.matched] = nil }
    }
}
