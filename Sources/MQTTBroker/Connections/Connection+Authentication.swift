import Logging
import MQTTWire

/// The exchange of a client that named an authentication method in CONNECT.
final class ConnectionExchange {
    /// Whose turn it is.
    enum Turn {
        /// No exchange is under way.
        case nobody
        /// The client was challenged.
        case client
        /// The embedding program is asked.
        case program
    }

    let method: String
    fileprivate let exchange: AuthenticationExchange
    fileprivate(set) var turn = Turn.nobody
    /// Counts the steps, so that an answer to an earlier one changes nothing.
    fileprivate var step: UInt64 = 0
    /// What goes into CONNACK.
    fileprivate(set) var finalData: [UInt8]?

    init(method: String, _ exchange: AuthenticationExchange) {
        self.method = method
        self.exchange = exchange
    }

    /// The method and the data, for AUTH and CONNACK [MQTT-4.12.0-5].
    func properties(_ data: [UInt8]?) throws(PacketError) -> Properties {
        var properties = try Properties([.authenticationMethod(method)])
        if let data { try properties.append(.authenticationData(data)) }
        return properties
    }
}

/// Enhanced authentication: AUTH in both directions (section 4.12).
extension Connection {
    /// Begins the exchange that decides about the CONNECT, if the embedding program knows the method.
    func beginExchange(_ request: ConnectRequest, method: String) {
        guard let exchange = shard.core.hooks.beginExchange?(request, method) else {
            return refuse(.badAuthenticationMethod)  // [MQTT-4.12.0-1]
        }
        admission?.exchange = ConnectionExchange(method: method, exchange)
        maximumPacketSize = shard.core.limits.maximumConnectSize
        awaitDecision()
        ask(.connect, admission?.greeting?.connect.properties.authenticationData)
    }

    /// A packet before CONNACK: the next step, or a client that gives up. Nothing else is taken [MQTT-3.1.2-30, MQTT-3.1.4-6].
    func takeBeforeConnack(_ header: FixedHeader, _ body: Span<UInt8>) throws(PacketError) {
        guard !hasEnded, admission?.exchange != nil else { return }
        switch header.type {
        case .auth: try take(Auth(header: header, body: body, in: inboundContext))
        case .disconnect: end(.client, sending: nil)
        default: throw PacketError(.protocolError, "\(header.type) before CONNACK", "MQTT-3.1.2-30")
        }
    }

    /// An AUTH of the client, before CONNACK or after.
    func take(_ auth: Auth) throws(PacketError) {
        guard let exchange = admission?.exchange else {
            throw PacketError(.protocolError, "AUTH without an authentication method in CONNECT", "MQTT-4.12.0-7")
        }
        guard auth.properties.authenticationMethod.map({ $0.utf8.elementsEqual(exchange.method.utf8) }) ?? false else {
            throw PacketError(.protocolError, "AUTH with another method than CONNECT's", "MQTT-4.12.0-5")
        }
        let data = auth.properties.authenticationData
        switch (auth.reasonCode, exchange.turn) {
        case (.continueAuthentication, .client): ask(.response, data)  // [MQTT-4.12.0-3]
        case (.reauthenticate, .nobody) where session != nil:
            limitReauthentication()
            ask(.reauthentication, data)  // [MQTT-4.12.1-1]
        default: throw PacketError(.protocolError, "AUTH \(auth.reasonCode) out of turn", "MQTT-3.15.2-1")
        }
    }

    /// Once let in, a client has as much time to prove itself again as it had at first.
    private func limitReauthentication() {
        limitAdmission(to: shard.core.limits.connectTimeout) { [unowned self] in
            shard.counters.add(1, to: .authenticationTimeouts)
            end(.administrative("the re-authentication was not done in time"), sending: .notAuthorized)
        }
    }

    private func ask(_ kind: AuthenticationStep.Kind, _ data: [UInt8]?) {
        guard let exchange = admission?.exchange else { return }
        exchange.turn = .program
        exchange.step += 1
        if session == nil { holdForAuthentication() }
        let (shard, id, step) = (shard, id, exchange.step)
        let later = DeferredAuthenticationAnswer { answer in
            shard.post { $0.connections[id]?.answered(answer, step) }
        }
        if let answer = exchange.exchange.answer(AuthenticationStep(kind: kind, data: data), later) {
            answered(answer, step)
        }
    }

    private func answered(_ answer: AuthenticationAnswer, _ step: UInt64) {
        guard let exchange = admission?.exchange, !hasEnded, exchange.turn == .program, exchange.step == step else {
            return
        }
        switch answer {
        case .challenge(let data):
            exchange.turn = .client
            send(.continueAuthentication, data, exchange)  // [MQTT-4.12.0-2]
            if session == nil { releaseForAuthentication() }
        case .allow(let identity, let data):
            exchange.turn = .nobody
            guard session != nil else {
                exchange.finalData = data
                return decided(.allow(as: identity))
            }
            cancelAdmissionTimer()
            guard identity == client.identity else { return refuseReauthentication(.notAuthorized) }
            send(.success, data, exchange)
        case .refuse(let refusal):
            exchange.turn = .nobody
            guard session != nil else { return decided(.refuse(refusal)) }  // [MQTT-4.12.0-4]
            refuseReauthentication(refusal.disconnectCode)
        }
    }

    /// [MQTT-4.12.1-2]
    private func refuseReauthentication(_ code: ReasonCode) {
        end(.administrative("the re-authentication was refused"), sending: code)
    }

    private func send(_ code: ReasonCode, _ data: [UInt8]?, _ exchange: ConnectionExchange) {
        do {
            send(Auth(reasonCode: code, properties: try exchange.properties(data)))
        } catch {
            // Data of more than 65,535 bytes: there is no way to say them.
            shard.core.logger.error("an AUTH could not be written", metadata: ["reason": "\(error)"])
            tryLater()
        }
    }
}

extension ConnectRefusal {
    /// What is left to say of it in DISCONNECT.
    fileprivate var disconnectCode: ReasonCode {
        switch self {
        case .serverBusy: .serverBusy
        case .connectionRateExceeded: .connectionRateExceeded
        case .badUserNameOrPassword, .notAuthorized, .identifierRejected, .serverUnavailable, .banned: .notAuthorized
        }
    }
}
