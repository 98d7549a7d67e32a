import UpgradeProtocol

@testable import UpgradeCore

extension EngineSchedule {
    /// Does one thing at random, and looks what came of it.
    mutating func step() async throws {
        let gateway = pick(Self.gateways)
        var closing: Set<ConnectionID> = []
        switch Int.random(in: 0..<44, using: &random) {
        case 0..<8: try await connect(gateway)
        case 8..<10: try await fixture.tell(disconnect(gateway, "connection lost"))
        case 10..<16: try await report(gateway)
        case 16..<23: try await progress()
        case 23..<28: return try await order()
        case 28..<32: return try await cancel()
        case 32..<34: return try await changeReleases()
        case 34: closing = try await enable(gateway)
        case 35: try await move(gateway)
        case 36:
            guard chance(1, of: 3) else { return }
            closing = try await remove(gateway)
        case 37..<42: try await passTime()
        case 42: return try await insist(gateway)
        default: try await restart()
        }
        try await catchUp(closing: closing)
    }

    // MARK: Gateways

    mutating func connect(_ gateway: GatewayID) async throws {
        guard model.gateways[gateway]?.isEnabled == true else { return }
        try await fixture.tell(disconnect(gateway, "taken over"))
        let connection = try await fixture.connect(gateway, subscribing: false)
        var own = EngineModel.Connection(id: connection)
        var events: [LinkEvent] = []
        if chance(7, of: 8) {
            own.hearsOwnTopic = true
            events.append(.subscribed(gateway, connection, .toGateway(.upgrade, gateway)))
        }
        if chance(3, of: 4) {
            own.hearsEveryonesTopic = true
            events.append(.subscribed(gateway, connection, .toGateway(.upgrade, nil)))
        }
        note("\(gateway) connects as \(connection.rawValue), hears \(own.hearsOwnTopic) \(own.hearsEveryonesTopic)")
        model.gateways[gateway]?.connection = own
        if chance(5, of: 6) {
            events.insert(.message(status(gateway, connection)), at: chance(1, of: 2) ? 0 : events.count)
        }
        try await fixture.tell(events)
    }

    /// It takes whatever it is sent, and comes back as what it was: once more than it is sent anything.
    private mutating func insist(_ gateway: GatewayID) async throws {
        let state = model.gateways[gateway]
        let others = model.releases.filter { $0.isAvailable && $0.version != state?.version }
        guard state?.isKnown == true, let release = others.first else { return }
        try await order(release.version, .gateways([gateway]), .boss)
        for _ in 0..<4 {
            guard model.gateways[gateway]?.isEnabled == true, violations.isEmpty else { return }
            try await fixture.tell(disconnect(gateway, "taken over"))
            try await catchUp()
            let before = model.live(gateway).flatMap { model.upgrades[$0]?.from } ?? model.gateways[gateway]?.version
            try await comeWell(gateway, reporting: before ?? "0.5")
            for transfer in underWay.filter({ $0.value.gateway == gateway }).keys {
                try await end(transfer, .delivered)
                try await catchUp()
            }
            try await passTime(EngineModel.timeout / 3)
            try await catchUp()
        }
    }

    /// Subscribed to everything.
    private mutating func comeWell(_ gateway: GatewayID, reporting version: Version) async throws {
        let connection = try await fixture.connect(gateway)
        note("\(gateway) connects as \(connection.rawValue)")
        model.gateways[gateway]?.connection = EngineModel.Connection(
            id: connection, hearsOwnTopic: true, hearsEveryonesTopic: true)
        try await fixture.tell([.message(status(gateway, connection, version))])
        try await catchUp()
    }

    mutating func report(_ gateway: GatewayID) async throws {
        guard let connection = model.gateways[gateway]?.connection else { return }
        try await fixture.tell([.message(status(gateway, connection.id))])
    }

    /// A STATUS as a gateway may send it: right, wrong, as before or older.
    mutating func status(_ gateway: GatewayID, _ connection: ConnectionID, _ chosen: Version? = nil) -> InboundMessage {
        let upgrade = model.live(gateway).flatMap { model.upgrades[$0] }
        var candidates = [pick(Self.versions)]
        if let before = upgrade?.from ?? model.gateways[gateway]?.version { candidates += [before, before, before] }
        if let target = upgrade?.target {
            candidates.append(target)
            candidates += Self.versions.filter { upgrade?.attempts == 0 && $0 > target }
        }
        let version = chosen ?? pick(candidates)
        let failed = chosen == nil && chance(1, of: 8) ? upgrade?.target : nil
        let milliseconds =
            chance(1, of: 2) ? Int64.random(in: 1_400_000_000_000...1_900_000_000_000, using: &random) : nil
        let company: CompanyID = chance(1, of: 2) ? "2" : "3"
        note("\(gateway) reports \(version)\(failed.map { ", failed to install \($0)" } ?? "")")
        model.reported(
            version, failed: failed, lastUpgrade: milliseconds.map { Timestamp(milliseconds: $0) }, from: gateway,
            claiming: company)
        reports += 1
        let body = StatusMessage(
            companyID: company, version: version, timestamp: milliseconds, failed: failed.map { _ in "no room" },
            failedVersion: failed)
        return fixture.message(.status, body.encoded(), from: gateway, connection) { [acknowledged] in
            acknowledged.increase()
        }
    }

    mutating func enable(_ gateway: GatewayID, _ wanted: Bool? = nil) async throws -> Set<ConnectionID> {
        guard let state = model.gateways[gateway], state.isKnown else { return [] }
        let isEnabled = wanted ?? !state.isEnabled
        note("\(gateway) is \(isEnabled ? "enabled" : "disabled")")
        model.gateways[gateway]?.isEnabled = isEnabled
        _ = try await GatewayService(store: fixture.store).setEnabled(isEnabled, gateway, as: .boss)
        return try await changed(gateway, endsConnection: !isEnabled)
    }

    mutating func move(_ gateway: GatewayID) async throws {
        guard let state = model.gateways[gateway], state.isKnown else { return }
        let company: CompanyID = state.company == "2" ? "3" : "2"
        note("\(gateway) is moved to company \(company)")
        model.gateways[gateway]?.company = company
        _ = try await GatewayService(store: fixture.store)
            .update(gateway, GatewayChanges(companyID: company), as: .boss)
        _ = try await changed(gateway, endsConnection: false)
    }

    mutating func remove(_ gateway: GatewayID) async throws -> Set<ConnectionID> {
        guard model.gateways[gateway]?.isKnown == true else { return [] }
        note("\(gateway) is removed")
        model.removed(gateway)
        try await GatewayService(store: fixture.store).remove(gateway, as: .boss)
        return try await changed(gateway, endsConnection: true)
    }

    private func changed(_ gateway: GatewayID, endsConnection: Bool) async throws -> Set<ConnectionID> {
        fixture.engine.gatewaysChanged([gateway])
        try await fixture.settle()
        guard endsConnection, let connection = model.gateways[gateway]?.connection else { return [] }
        return [connection.id]
    }

    // MARK: Transfers and time

    /// A transfer gets on: its last byte leaves, or it ends.
    mutating func progress() async throws {
        guard !underWay.isEmpty else { return }
        let transfer = pick(underWay.keys.sorted { $0.rawValue < $1.rawValue })
        if underWay[transfer]?.isWritten == false, chance(1, of: 3) {
            note("transfer \(transfer.rawValue) is written")
            underWay[transfer]?.isWritten = true
            model.written(transfer)
            return try await fixture.tell([.transferWritten(transfer)])
        }
        let isWritten = underWay[transfer]?.isWritten == true
        try await end(transfer, isWritten ? .delivered : pick([.delivered, .delivered, .cutOff, .notSent]))
    }

    mutating func passTime() async throws {
        let due = model.nextDue.map { $0 - model.now }
        let step = pick([1, Int.random(in: 1...1000, using: &random), due ?? 60, due ?? 300, max(1, (due ?? 60) - 1)])
        try await passTime(chance(1, of: 30) ? EngineModel.expiry : step)
    }

    mutating func passTime(_ seconds: Int) async throws {
        note("\(seconds) s pass")
        model.passTime(to: model.now + seconds)
        try await fixture.advance(by: .seconds(seconds))
    }

    mutating func restart() async throws {
        let pause = Int.random(in: 0...100_000, using: &random)
        note("the engine is started anew after \(pause) s")
        underWay = [:]
        await fixture.restart(after: .seconds(pause))
        try await fixture.settle()
        model.restarted()
        model.passTime(to: model.now)
    }

    // MARK: Orders

    mutating func order() async throws {
        let principal = pick([.boss, .boss, .adminOf2, .adminOf3, .userOf2] as [Principal])
        let version = chance(1, of: 16) ? "9.9" : pick(Array(Self.versions.dropFirst()))
        var some = Self.gateways.filter { _ in chance(1, of: 2) }
        if chance(1, of: 16) { some.append("nobody") }
        let target: DeploymentTarget = pick([
            .all, .company("2"), .company("3"), .gateways(some), .gateways([pick(Self.gateways)]),
        ])
        try await order(version, target, principal)
    }

    private mutating func order(
        _ version: Version, _ target: DeploymentTarget, _ principal: Principal
    ) async throws {
        note("\(principal.username) orders \(version) for \(target)")
        let expected = recipients(of: target, by: principal)
        let release = release(version)
        do {
            let deployment = try await fixture.order(version, target, as: principal)
            deployments.append(deployment)
            guard let release, let expected else {
                return require(false, "the order was not refused")
            }
            let stopped = model.ordered(
                deployment, of: release, isForAll: target == .all && principal.role == .super, for: expected)
            try await catchUp(stopping: stopped)
        } catch is DomainError {
            require(release == nil || expected == nil, "the order was refused")
            try await catchUp()
        }
    }

    /// Whom an order is for; nil when it is to be refused.
    private func recipients(of target: DeploymentTarget, by principal: Principal) -> [GatewayID]? {
        let mine: CompanyID? = principal.role == .super ? nil : principal.companyID
        func of(_ company: CompanyID?) -> [GatewayID] {
            Self.gateways.filter { id in
                model.gateways[id].map { $0.isKnown && (company == nil || $0.company == company) } ?? false
            }
        }
        guard principal.role != .user else { return nil }
        switch target {
        case .all: return of(mine)
        case .company(let company): return mine == nil || mine == company ? of(company) : nil
        case .gateways(let ids): return !ids.isEmpty && ids.allSatisfy(of(mine).contains) ? ids : nil
        }
    }

    mutating func cancel() async throws {
        let companies = Dictionary(grouping: model.live, by: \.deployment).mapValues { upgrades in
            Set(upgrades.compactMap { model.gateways[$0.gateway]?.company }).count
        }
        let widest = companies.max { ($0.value, $0.key) < ($1.value, $1.key) }
        guard let deployment = chance(3, of: 4) ? widest?.key : deployments.last else { return }
        // What reaches across companies is cancelled by somebody who may cancel a part of it only.
        let principal = pick(
            (widest?.value ?? 0) > 1
                ? [.adminOf2, .adminOf3, .boss] : [.boss, .adminOf2, .adminOf3, .userOf2] as [Principal])
        note("\(principal.username) cancels \(deployment)")
        let isSuper = principal.role == .super
        let seen = model.upgrades.keys.filter { key in
            key.deployment == deployment && (isSuper || model.gateways[key.gateway]?.company == principal.companyID)
        }
        do {
            _ = try await fixture.engine.cancel(deployment, as: principal)
            try await fixture.settle()
            require(principal.role != .user, "it was not refused")
            try await catchUp(
                stopping: model.calledOff(seen.filter { model.upgrades[$0]?.state == .pending }, .cancelled))
        } catch is DomainError {
            require(principal.role == .user || seen.isEmpty && !isSuper, "it was refused")
            try await catchUp()
        }
    }

    // MARK: The end

    /// Gateways behave and time passes, until nothing is pending any more.
    mutating func calmDown() async throws {
        note("everybody behaves")
        for release in model.releases where !release.isAvailable {
            try await setAvailable(true, release)
            try await catchUp()
        }
        for gateway in Self.gateways {
            try await catchUp(closing: try await enable(gateway, true))
            guard model.gateways[gateway]?.connection == nil else { continue }
            let before = model.live(gateway).flatMap { model.upgrades[$0]?.from } ?? model.gateways[gateway]?.version
            try await comeWell(gateway, reporting: before ?? "0.5")
        }
        for _ in 0..<1000 where violations.isEmpty && !(model.live.isEmpty && underWay.isEmpty) {
            if let transfer = underWay.keys.min(by: { $0.rawValue < $1.rawValue }), let place = underWay[transfer] {
                let target = model.live(place.gateway).flatMap { model.upgrades[$0]?.target }
                try await end(transfer, .delivered)
                if let target { try await fixture.tell([.message(status(place.gateway, place.connection, target))]) }
            } else {
                try await passTime(max(1, (model.nextDue ?? model.now) - model.now))
            }
            try await catchUp()
        }
        let endless = model.live
        require(endless.isEmpty, "these never end: \(endless)")
        let pending = try await fixture.store.read { try $0.upgrades.pending().count }
        require(pending == 0, "\(pending) upgrades never end")
    }
}
