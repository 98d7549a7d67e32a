import MQTTWire
import UpgradeProtocol

/// The topics of one gateway, as MQTT wants them.
struct GatewayTopics {
    /// Every verb of the cloud, to all gateways and to this one, at QoS 1.
    let subscriptions: [Subscription]
    private let status: TopicName
    private let requestLatestVersion: TopicName
    private let requestAvailableVersions: TopicName
    private let requestUpgrade: TopicName

    init(_ gateway: GatewayID) throws(PacketError) {
        var subscriptions: [Subscription] = []
        for topic in Topic.subscriptions(of: gateway) {
            subscriptions.append(Subscription(try TopicFilter(topic.name), SubscriptionOptions(.atLeastOnce)))
        }
        self.subscriptions = subscriptions
        status = try TopicName(Topic.toCloud(.status, gateway).name)
        requestLatestVersion = try TopicName(Topic.toCloud(.requestLatestVersion, gateway).name)
        requestAvailableVersions = try TopicName(Topic.toCloud(.requestAvailableVersions, gateway).name)
        requestUpgrade = try TopicName(Topic.toCloud(.requestUpgrade, gateway).name)
    }

    subscript(verb: GatewayVerb) -> TopicName {
        switch verb {
        case .status: status
        case .requestLatestVersion: requestLatestVersion
        case .requestAvailableVersions: requestAvailableVersions
        case .requestUpgrade: requestUpgrade
        }
    }
}
