import Logging
import MQTTBroker
import MQTTWire
import UpgradeCore
import UpgradeProtocol

/// What the broker asks and tells: the rules of this server, and the engine's ears.
struct BrokerHooks: Sendable {
    private let doorkeeper: Doorkeeper
    private let rules: TopicRules
    private let incoming: IncomingEvents
    private let log: RefusalLog
    private let slowdown: ConnectSlowdown
    /// Whether a gateway has that id: accounts may not use it. Asks the database.
    private let isGateway: @Sendable (GatewayID) async throws -> Bool
    /// Hears of every gateway that comes with a certificate for the first time.
    private let certificateSeen: @Sendable (GatewayID) -> Void

    /// The hooks of a server on this store.
    init(
        store: Store, secret: MQTTSecret, directory: IdentityDirectory, incoming: IncomingEvents, logger: Logger
    ) {
        doorkeeper = Doorkeeper(secret: secret, directory: directory)
        rules = TopicRules(directory: directory)
        self.incoming = incoming
        log = RefusalLog(logger: logger)
        slowdown = ConnectSlowdown()
        let gateways = GatewayService(store: store)
        isGateway = { gateway in
            do {
                _ = try await gateways.find(gateway, as: .operator)
                return true
            } catch DomainError.notFound {
                return false
            }
        }
        let credentials = GatewayCredentials(store: store)
        certificateSeen = { gateway in
            Task {
                do {
                    try await credentials.recordCertificate(of: gateway)
                } catch {
                    // The next connection after a restart writes it.
                    logger.error("a gateway's certificate was not recorded", error: error)
                }
            }
        }
    }

    var hooks: Hooks {
        Hooks(
            authenticate: { authenticate($0, $1) },
            authorizeTakeover: { client, owner, newcomer in mayTakeOver(client, owner, newcomer) },
            authorizePublish: { client, topic, _, retain in
                if rules.mayPublish(client.identity, client.clientID, to: topic, retain: retain) { return .allow }
                log.refused(client, "publish to", topic.text)
                return .refuse
            },
            authorizeSubscribe: { client, filter, _ in
                if rules.maySubscribe(client.identity, client.clientID, to: filter) { return .allow }
                log.refused(client, "subscribe to", filter.text)
                return .refuse
            },
            observe: { observe($0) },
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

    private func authenticate(
        _ request: ConnectRequest, _ later: DeferredAuthentication
    ) -> AuthenticationDecision? {
        switch doorkeeper.verdict(on: request) {
        case .allow(let identity): return admit(identity, request)
        case .allowUnlessGateway(let identity, let gateway):
            Task { later.answer(await admit(identity, request, unless: gateway)) }
            return nil
        case .refuse(let refusal, let why, let isGuess):
            log.refusedConnect(request, why)
            guard isGuess else { return .refuse(refusal) }
            let delay = slowdown.delay(afterFailureOf: request, sharing: doorkeeper.secret)
            Task {
                try? await Task.sleep(for: delay)
                later.answer(.refuse(refusal))
            }
            return nil
        }
    }

    private func admit(_ identity: MQTTIdentity, _ request: ConnectRequest) -> AuthenticationDecision {
        if let will = request.will,
            !rules.mayPublish(identity.clientIdentity, request.clientID, to: will.topic, retain: will.retain)
        {
            log.refusedConnect(request, "it may not leave a will for \(quoted(will.topic.text))")
            return .refuse(.notAuthorized)
        }
        if case .certificate(let gateway) = identity, doorkeeper.directory.noteCertificate(of: gateway) {
            certificateSeen(gateway)
        }
        return .allow(as: identity.clientIdentity)
    }

    private func admit(
        _ identity: MQTTIdentity, _ request: ConnectRequest, unless gateway: GatewayID
    ) async -> AuthenticationDecision {
        do {
            // One that came with its certificate and has not reported yet is in the directory alone.
            let isKnown = try await isGateway(gateway)
            guard isKnown || doorkeeper.directory.isEnrolled(gateway) else { return admit(identity, request) }
            log.refusedConnect(request, "the client id is that of a gateway")
            return .refuse(.identifierRejected)
        } catch {
            log.refusedConnect(request, "the database does not answer: \(error)")
            return .refuse(.serverUnavailable)
        }
    }

    private func mayTakeOver(_ client: ClientID, _ owner: ClientIdentity, _ newcomer: ClientIdentity) -> Bool {
        guard let owner = MQTTIdentity(owner), let newcomer = MQTTIdentity(newcomer) else { return false }
        if newcomer.mayTakeOver(client.text, from: owner) { return true }
        log.refusedTakeover(of: client)
        return false
    }

    private func observe(_ event: BrokerEvent) {
        switch event {
        case .connected(let client, sessionPresent: _): incoming.connected(client)
        case .disconnected(let client, let cause):
            incoming.disconnected(client, cause)
            log.ended(client)
        case .subscribed(let client, let filter, _): incoming.subscribed(client, filter)
        case .unsubscribed(let client, let filter): incoming.unsubscribed(client, filter)
        case .dropped: break
        }
    }
}
