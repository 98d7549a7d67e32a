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

    func gateway(on connection: MQTTBroker.ConnectionID) -> GatewayID? {
        state.withLock { $0.gateways[connection] }
    }

    func connected(_ client: ConnectedClient) {
        guard let gateway = client.gatewayID else { return }
        state.withLock { $0.gateways[client.connectionID] = gateway }
        report([.connected(gateway, client.link, address: client.remoteAddress)])
    }

    func disconnected(_ client: ConnectedClient, _ cause: DisconnectCause) {
        guard let gateway = client.gatewayID else { return }
        state.withLock { $0.gateways[client.connectionID] = nil }
        report([.disconnected(gateway, client.link, reason: cause.description)])
    }

    func subscribed(_ client: ConnectedClient, _ filter: TopicFilter) {
        guard let gateway = client.gatewayID, let topic = try? Topic(parsing: filter.text) else { return }
        report([.subscribed(gateway, client.link, topic)])
    }

    func unsubscribed(_ client: ConnectedClient, _ filter: TopicFilter) {
        guard let gateway = client.gatewayID, let topic = try? Topic(parsing: filter.text) else { return }
        report([.unsubscribed(gateway, client.link, topic)])
    }

    func received(_ publication: InterceptedPublication) {
        // The rules have let nothing else pass; what did all the same is of no meaning here.
        guard case .toCloud(let verb, let gateway) = try? Topic(parsing: publication.topic.text) else {
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

extension Hooks {
    /// The rules for gateways, and the engine's ears.
    static func gateways(_ rules: GatewayRules, _ incoming: IncomingEvents, _ log: RefusalLog) -> Hooks {
        Hooks(
            authenticate: { request, _ in
                let decision = rules.decision(on: request)
                if case .refuse(let refusal) = decision { log.refusedConnect(request, refusal) }
                return decision
            },
            authorizePublish: { client, topic, _, retain in
                if rules.mayPublish(client.clientID, to: topic, retain: retain) { return .allow }
                log.refused(client, "publish to", topic.text)
                return .refuse
            },
            authorizeSubscribe: { client, filter, _ in
                let isAllowed = rules.maySubscribe(client.clientID, to: filter)
                if !isAllowed { log.refused(client, "subscribe to", filter.text) }
                return isAllowed ? .allow : .refuse
            },
            observe: { event in
                switch event {
                case .connected(let client, sessionPresent: _): incoming.connected(client)
                case .disconnected(let client, let cause):
                    incoming.disconnected(client, cause)
                    log.ended(client)
                case .subscribed(let client, let filter, _): incoming.subscribed(client, filter)
                case .unsubscribed(let client, let filter): incoming.unsubscribed(client, filter)
                case .dropped: break
                }
            },
            observeDelivery: { report in
                switch report {
                case .began: break
                case .written(let token): incoming.report([.transferWritten(TransferID(rawValue: token.rawValue))])
                case .ended(let token, let end):
                    incoming.report([.transferEnded(TransferID(rawValue: token.rawValue), TransferEnd(end))])
                }
            },
            interceptors: [
                Interceptor(
                    filters: Topic.cloudFilters.compactMap { try? TopicFilter($0) },
                    handler: { incoming.received($0) })
            ])
    }
}

extension ConnectedClient {
    /// Who it is: a client id that the rules let in is a gateway id.
    fileprivate var gatewayID: GatewayID? { try? GatewayID(clientID.text) }

    fileprivate var link: UpgradeCore.ConnectionID { UpgradeCore.ConnectionID(rawValue: connectionID.rawValue) }
}

extension TransferEnd {
    fileprivate init(_ end: DeliveryEnd) {
        self =
            switch end {
            case .delivered: .delivered
            case .cutOff: .cutOff
            case .notSent: .notSent
            }
    }
}
