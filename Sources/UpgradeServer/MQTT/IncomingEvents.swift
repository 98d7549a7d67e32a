import MQTTBroker
import MQTTWire
import Synchronization
import UpgradeCore
import UpgradeProtocol

/// Carries what the broker's hooks hear to the engine, and knows which gateway is on which connection.
final class IncomingEvents: Sendable {
    private struct State {
        var receiver: BrokerLink.Receiver?
        var gateways: [MQTTBroker.ConnectionID: GatewayID] = [:]
    }

    private let state = Mutex(State())

    /// Names who hears the events. The broker starts after that, so none is lost.
    func deliver(to receiver: @escaping BrokerLink.Receiver) {
        state.withLock { $0.receiver = receiver }
    }

    func report(_ events: [LinkEvent]) {
        let receiver = state.withLock { $0.receiver }
        receiver?(events)
    }

    /// Nil for the connection of an account, which the engine has nothing to do with.
    func gateway(on connection: MQTTBroker.ConnectionID) -> GatewayID? {
        state.withLock { $0.gateways[connection] }
    }

    func connected(_ client: ConnectedClient) {
        guard let gateway = client.gatewayID else { return }
        state.withLock { $0.gateways[client.connectionID] = gateway }
        report([.connected(gateway, client.link, address: client.remoteAddress)])
    }

    func disconnected(_ client: ConnectedClient, _ cause: DisconnectCause) {
        guard let gateway = state.withLock({ $0.gateways.removeValue(forKey: client.connectionID) }) else { return }
        report([.disconnected(gateway, client.link, reason: cause.description)])
    }

    func subscribed(_ client: ConnectedClient, _ filter: TopicFilter) {
        guard let gateway = gateway(on: client.connectionID), let topic = try? Topic(parsing: filter.bytes) else {
            return
        }
        report([.subscribed(gateway, client.link, topic)])
    }

    func unsubscribed(_ client: ConnectedClient, _ filter: TopicFilter) {
        guard let gateway = gateway(on: client.connectionID), let topic = try? Topic(parsing: filter.bytes) else {
            return
        }
        report([.unsubscribed(gateway, client.link, topic)])
    }

    func received(_ publication: InterceptedPublication) {
        // The rules have let nothing else pass; what did all the same is of no meaning here.
        guard case .toCloud(let verb, let gateway) = try? Topic(parsing: publication.topic.bytes) else {
            publication.acknowledge()
            return
        }
        report([
            .message(
                InboundMessage(
                    gateway: gateway, connection: publication.client.link, verb: verb,
                    payload: publication.payload.withUnsafeBytes { Array($0) },
                    acknowledge: { publication.acknowledge() }))
        ])
    }
}

extension ConnectedClient {
    /// The gateway that it is; nil for an account.
    fileprivate var gatewayID: GatewayID? { identity.accountName == nil ? try? GatewayID(clientID.text) : nil }

    fileprivate var link: UpgradeCore.ConnectionID { UpgradeCore.ConnectionID(rawValue: connectionID.rawValue) }
}

extension TransferEnd {
    init(_ end: DeliveryEnd) {
        self =
            switch end {
            case .delivered: .delivered
            case .cutOff: .cutOff
            case .notSent: .notSent
            }
    }
}
