import MQTTBroker
import MQTTWire
import Synchronization
import UpgradeProtocol

/// What a client of this server may do over MQTT: the one table.
///
/// | what | rule |
/// |---|---|
/// | CONNECT | the shared user name and password; the client id is a gateway id; the gateway is not disabled |
/// | PUBLISH, also of a will | `TOCLOUD/<verb>/<own id>` for the four verbs, not retained |
/// | SUBSCRIBE | `TOGATEWAY/<verb>` and `TOGATEWAY/<verb>/<own id>` for the four verbs, spelt out: no wildcard, no `$share`, no `$SYS` |
struct GatewayRules: Sendable {
    let secret: MQTTSecret
    let disabled: DisabledGateways

    /// Decides about a CONNECT. Who does not know the secret learns nothing else.
    func decision(on request: ConnectRequest) -> AuthenticationDecision {
        guard let userName = request.userName, let password = request.password,
            secret.matches(username: userName, password: password)
        else { return .refuse(.badUserNameOrPassword) }
        guard !request.isClientIDAssigned, let gateway = try? GatewayID(request.clientID.text) else {
            return .refuse(.identifierRejected)
        }
        return disabled.contains(gateway) ? .refuse(.notAuthorized) : .allow()
    }

    /// Whether the client may publish to the topic.
    func mayPublish(_ client: ClientID, to topic: TopicName, retain: Bool) -> Bool {
        guard !retain, case .toCloud(_, let gateway) = try? Topic(parsing: topic.text) else { return false }
        return gateway.rawValue == client.text
    }

    /// Whether the client may hold the subscription.
    func maySubscribe(_ client: ClientID, to filter: TopicFilter) -> Bool {
        guard case .toGateway(_, let gateway) = try? Topic(parsing: filter.text) else { return false }
        return gateway.map { $0.rawValue == client.text } ?? true
    }
}

/// The gateways that somebody disabled, where the broker's threads can look without waiting.
final class DisabledGateways: Sendable {
    private let ids = Mutex(Set<GatewayID>())

    func contains(_ gateway: GatewayID) -> Bool { ids.withLock { $0.contains(gateway) } }

    func set(_ gateway: GatewayID, disabled: Bool) {
        ids.withLock { ids in
            if disabled { ids.insert(gateway) } else { ids.remove(gateway) }
        }
    }
}
