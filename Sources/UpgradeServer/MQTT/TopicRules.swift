import MQTTBroker
import MQTTWire
import UpgradeCore
import UpgradeProtocol

/// What a client of this server may say and hear over MQTT: the one table.
///
/// | who | PUBLISH, also of a will | SUBSCRIBE |
/// |---|---|---|
/// | gateway | `TOCLOUD/<verb>/<own id>` for the four verbs, not retained | `TOGATEWAY/<verb>` and `TOGATEWAY/<verb>/<own id>` for the four verbs, spelt out: no wildcard, no `$share`, no `$SYS` |
/// | account | what its filters match, but nothing below `TOCLOUD` and `TOGATEWAY` | what its filters cover, not shared |
struct TopicRules: Sendable {
    let directory: IdentityDirectory

    /// Whether the client may publish to the topic.
    func mayPublish(_ identity: ClientIdentity, _ client: ClientID, to topic: TopicName, retain: Bool) -> Bool {
        if let name = identity.accountName {
            guard let account = directory.account(name), !Self.isOfGateways(topic) else { return false }
            return account.publish.contains { $0.matches(topic: topic.text) }
        }
        guard !retain, case .toCloud(_, let gateway) = try? Topic(parsing: topic.bytes) else { return false }
        return gateway.isSpelt(client.text)
    }

    /// Whether the client may hold the subscription.
    func maySubscribe(_ identity: ClientIdentity, _ client: ClientID, to filter: TopicFilter) -> Bool {
        if let name = identity.accountName {
            guard let account = directory.account(name), let wanted = try? MQTTFilter(filter.text) else {
                return false
            }
            return account.subscribe.contains { $0.covers(wanted) }
        }
        guard case .toGateway(_, let gateway) = try? Topic(parsing: filter.bytes) else { return false }
        return gateway?.isSpelt(client.text) ?? true
    }

    /// Only gateways and the server itself speak there.
    private static func isOfGateways(_ topic: TopicName) -> Bool {
        let first = topic.bytes.prefix { $0 != UInt8(ascii: "/") }
        return first.elementsEqual("TOCLOUD".utf8) || first.elementsEqual("TOGATEWAY".utf8)
    }
}
