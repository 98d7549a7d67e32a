import UpgradeProtocol

extension EngineState {
    /// What happens on the link, apart from messages.
    mutating func handle(_ event: LinkEvent, _ turn: inout Turn) throws {
        switch event {
        case .connected(let gateway, let connection, _):
            with(gateway) { $0.session = GatewaySession(gateway, on: connection) }
            try recordPresence(of: gateway, online: true, "connected", turn)
        case .disconnected(let gateway, let connection, let reason):
            guard isCurrent(connection, of: gateway) else { return }
            with(gateway) {
                $0.session = nil
                $0.upgrade?.ticket = nil
                $0.download.connectionEnded()
            }
            turn.reconcile.insert(gateway)
            try recordPresence(of: gateway, online: false, reason, turn)
        case .subscribed(let gateway, let connection, let topic):
            guard isCurrent(connection, of: gateway) else { return }
            let (released, waitsForDownload, isToBeUpgraded) = with(gateway) { state in
                let released = state.session?.subscribed(to: topic, at: turn.now) ?? []
                return (released, state.download.wanted != nil, state.upgrade != nil)
            }
            turn.effects.messages += released
            if waitsForDownload { try advanceDownload(of: gateway, &turn) }
            if isToBeUpgraded { turn.reconcile.insert(gateway) }
        case .unsubscribed(let gateway, let connection, let topic):
            guard isCurrent(connection, of: gateway) else { return }
            with(gateway) { $0.session?.unsubscribed(from: topic) }
        case .transferWritten(let transfer):
            guard let gateway = common.dispatcher.written(transfer) else { return }
            if gateways[gateway]?.sending == transfer { gateways[gateway]?.sending = nil }
            turn.reconcile.insert(gateway)
        case .transferEnded(let transfer, let end):
            try transferEnded(transfer, end, &turn)
        case .message:
            // Messages come decoded.
            return
        }
    }

    private func isCurrent(_ connection: ConnectionID, of gateway: GatewayID) -> Bool {
        gateways[gateway]?.session?.connection == connection
    }

    /// An unknown gateway has no row that could say that it is connected; its first STATUS makes one.
    private func recordPresence(of id: GatewayID, online: Bool, _ detail: String, _ turn: Turn) throws {
        guard let gateway = try turn.gateways.find(id) else { return }
        try turn.gateways.recordPresence(of: gateway, online: online)
        try turn.transaction.append(
            EventDraft(
                online ? .gatewayConnected : .gatewayDisconnected, gateway: id, company: gateway.companyID, detail))
        turn.transaction.changes.add(gateway)
    }

    /// Somebody changed the row of a gateway: what it must not have any more is taken from it, and what it may have now is sent.
    mutating func gatewayChanged(_ id: GatewayID, _ turn: inout Turn) throws {
        let gateway = try turn.gateways.find(id)
        if gateway == nil, let upgrade = gateways[id]?.upgrade {
            // Its rows are gone with it.
            common.deployments.ended(upgrade.deployment)
            gateways[id]?.upgrade = nil
        }
        if gateway?.enabled != true, let session = gateways[id]?.session {
            let reason = gateway == nil ? "the gateway was removed" : "the gateway is disabled"
            turn.effects.closings.append((session.connection, reason: reason))
        }
        turn.reconcile.insert(id)
    }
}

extension Gateway {
    /// Whether anything may be sent to it.
    var mayReceive: Bool { enabled && approved }
}
