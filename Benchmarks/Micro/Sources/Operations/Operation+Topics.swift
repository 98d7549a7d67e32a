import Logging
import MQTTWire

// The tree is the broker's own; hence -enable-testing in the commands that build this.
@testable import MQTTBroker
@testable import MQTTWire

extension Operation {
    static let topics: [Operation] = made("topics") {
        let filter = try TopicFilter("TOCLOUD/+/gateway-0001")
        let name = try TopicName("TOCLOUD/STATUS/gateway-0001")
        return [
            Operation("topic filter without wildcard, check") { try TopicFilter("TOCLOUD/STATUS/gateway-0001") },
            Operation("topic filter with wildcard, check") { try TopicFilter("TOCLOUD/+/gateway-0001") },
            Operation("topic filter, match one name") { filter.matches(name) },
            Operation("tree of 8,000 filters, match") { Forest.withoutWildcards.match() },
            Operation("tree with 1,000 wildcards too, match") { Forest.withWildcards.match() },
        ]
    }
}

/// The subscriptions of a thousand gateways, and of a listener to all of them.
///
/// `@unchecked Sendable`: nothing changes after it was made.
private final class Forest: @unchecked Sendable {
    private var tree = SubscriptionTree()
    private let subscriptions: [SessionSubscription]
    private let topic: TopicName
    // The subscriptions do not own their session, nor the session its loop.
    private let shard: Shard
    private let session: Session

    // Made when they are needed, since that takes longer than all other operations together.
    static let withoutWildcards = made("subscriptions") { try Forest(wildcards: false) }
    static let withWildcards = made("subscriptions") { try Forest(wildcards: true) }

    private init(wildcards: Bool) throws {
        topic = try TopicName("TOGATEWAY/UPGRADE/gateway-500")
        let core = Core(
            BrokerConfiguration(listeners: []), hooks: Hooks(), store: nil,
            logger: Logger(label: "operations") { _ in SwiftLogNoOpLogHandler() }, loopCount: 1)
        shard = Shard(index: 0, core: core, loop: try EventLoop(withoutThread: ()))
        session = Session(
            clientID: try ClientID("listener"), owner: ClientIdentity(rawValue: ""), shard: shard,
            expiry: .withConnection)
        let verbs = ["UPGRADE", "LATEST_VERSION", "AVAILABLE_VERSIONS", "DOWNLOAD_UPGRADE"]
        var filters = try (0..<1000).flatMap { number in
            try verbs.flatMap { verb in
                [
                    try TopicFilter("TOGATEWAY/\(verb)/gateway-\(number)"),
                    try TopicFilter("TOGATEWAY/\(verb)/all-\(number)"),
                ]
            }
        }
        if wildcards {
            filters += try (0..<1000).map { try TopicFilter("+/UPGRADE/gateway-\($0)") } + [TopicFilter("TOGATEWAY/#")]
        }
        subscriptions = filters.map { [session] filter in
            SessionSubscription(
                session: session, filter: filter, options: SubscriptionOptions(.atLeastOnce), identifier: nil)
        }
        for subscription in subscriptions { tree.add(subscription) }
    }

    func match() -> Int {
        var count = 0
        tree.match(topic) { count += $0.subscriptions.count }
        return count
    }
}
