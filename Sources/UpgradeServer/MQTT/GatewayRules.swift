import MQTTBroker
import MQTTWire
import Synchronization
import UpgradeCore
import UpgradeProtocol

/// What a client of this server may do over MQTT: the one table.
///
/// | what | rule |
/// |---|---|
/// | CONNECT | the shared user name and password; the client id is a gateway id; the gateway is not disabled |
/// | PUBLISH, also of a will | `TOCLOUD/<verb>/<own id>` for the four verbs, not retained |
/// | SUBSCRIBE | `TOGATEWAY/<verb>` and `TOGATEWAY/<verb>/<own id>` for the four verbs, spelt out: no wildcard, no `$share`, no `$SYS` |
/// | be told | what goes to all alike, unless the gateway is in quarantine; of what goes to one the engine decides |
struct GatewayRules: Sendable {
    let secret: MQTTSecret
    let disabled: DisabledGateways
    let approved: ApprovedGateways

    /// Decides about a CONNECT. Who does not know the secret learns nothing else.
    func decision(on request: ConnectRequest) -> AuthenticationDecision {
        guard let userName = request.userName, let password = request.password,
            secret.matches(username: userName, password: password)
        else { return .refuse(.badUserNameOrPassword) }
        guard !request.isClientIDAssigned, let gateway = try? GatewayID(request.clientID.text) else {
            return .refuse(.identifierRejected)
        }
        return disabled.contains(gateway) ? .refuse(.notAuthorized) : .allow
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

    /// Whether the client may be told what is published to the topic.
    func mayReceive(_ client: ClientID, from topic: TopicName) -> Bool {
        guard Self.announcements.contains(topic.text) else { return true }
        guard let gateway = try? GatewayID(client.text) else { return false }
        return approved.contains(gateway)
    }

    /// What goes to every subscriber; UPGRADE without an id has named recipients.
    private static let announcements = Set(
        [CloudVerb.latestVersion, .availableVersions].map { Topic.toGateway($0, nil).name })
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

/// The gateways that are not in quarantine, where the broker's threads can look without waiting.
final class ApprovedGateways: Sendable {
    private let newGateways: NewGateways
    /// Those with which it is not as it is with a gateway that nobody knows.
    private let exceptions = Mutex(Set<GatewayID>())

    /// Every gateway is, or is not, until ``set(_:approved:)`` says otherwise.
    init(newGateways: NewGateways) { self.newGateways = newGateways }

    func contains(_ gateway: GatewayID) -> Bool {
        exceptions.withLock { $0.contains(gateway) } != (newGateways == .open)
    }

    func set(_ gateway: GatewayID, approved: Bool) {
        exceptions.withLock { exceptions in
            if approved == (newGateways == .open) { exceptions.remove(gateway) } else { exceptions.insert(gateway) }
        }
    }

    /// The gateway was removed: it is a new one when it comes again.
    func forget(_ gateway: GatewayID) { exceptions.withLock { _ = $0.remove(gateway) } }
}
