import MQTTWire

/// One session's subscription to one filter. It knows its place in the tree, so that removing it needs no search.
final class SessionSubscription {
    unowned let session: Session
    /// Where it hangs in the tree of its loop; a shared subscription hangs nowhere, its group's owner knows the member.
    var node: SubscriptionTree.Node?
    private(set) var filter: TopicFilter
    var options: SubscriptionOptions
    /// 0: none, since none is 0.
    private var storedIdentifier: UInt32
    var position: UInt32 = 0

    /// The Subscription Identifier of its SUBSCRIBE.
    var identifier: Int? {
        get { storedIdentifier == 0 ? nil : Int(storedIdentifier) }
        set { storedIdentifier = UInt32(clamping: newValue ?? 0) }
    }

    /// What a subscription takes in memory, about.
    static func cost(_ filter: TopicFilter) -> Int {
        200 + filter.bytes.count + (filter.hasWildcard ? 200 * filter.levelCount : 0)
    }

    init(session: Session, filter: TopicFilter, options: SubscriptionOptions, identifier: Int?) {
        self.session = session
        self.filter = filter
        self.options = options
        storedIdentifier = 0
        self.identifier = identifier
    }

    /// Another subscription has the same filter: one copy of its bytes is enough for both.
    func shareFilter(with other: SessionSubscription) { filter = other.filter }
}
