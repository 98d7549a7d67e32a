import MQTTWire

/// One session's subscription to one filter. It knows its place in the tree, so that removing it needs no search.
final class SessionSubscription {
    unowned let session: Session
    let filter: TopicFilter
    var options: SubscriptionOptions
    /// The Subscription Identifier of its SUBSCRIBE.
    var identifier: Int?

    /// Where it hangs in the tree of its loop; a shared subscription hangs nowhere, its group's owner knows the member.
    var node: SubscriptionTree.Node?
    var position = 0

    /// What a subscription takes in memory, about.
    static func cost(_ filter: TopicFilter) -> Int {
        300 + filter.bytes.count + (filter.hasWildcard ? 200 * filter.levelCount : 0)
    }

    init(session: Session, filter: TopicFilter, options: SubscriptionOptions, identifier: Int?) {
        self.session = session
        self.filter = filter
        self.options = options
        self.identifier = identifier
    }
}
