import UpgradeProtocol

/// The MQTT accounts of programs that are no gateways.
public struct MQTTAccountService: Sendable {
    private let store: Store
    private let fleetUsername: String?

    /// The accounts of `store`. None is to have the name `fleetUsername`, by which gateways that share one secret connect.
    public init(store: Store, fleetUsername: String? = nil) {
        self.store = store
        self.fleetUsername = fleetUsername
    }

    /// By name.
    public func list(page: PageRequest, as principal: Principal) async throws -> Page<MQTTAccount> {
        _ = try principal.scope(for: .manageMQTTAccounts)
        return try await store.read { try $0.mqttAccounts.list(page) }
    }

    /// Makes an account.
    ///
    /// - Parameters:
    ///   - name: Its user name, by the rule of gateway ids; no gateway and no other account has it.
    ///   - publish: Topic filters of what it may publish to; they must not stand for topics of gateways or of this service.
    ///   - subscribe: Topic filters of what it may subscribe to.
    ///   - principal: Who makes it.
    /// - Returns: The account with its password, which nobody can ask for again.
    /// - Throws: ``DomainError``.
    public func add(
        name: String, publish: [String], subscribe: [String], as principal: Principal
    ) async throws -> AddedMQTTAccount {
        _ = try principal.scope(for: .manageMQTTAccounts)
        let id = try Self.identifier(name)
        try Self.check(publish, field: "publish", Self.checkPublish)
        try Self.check(subscribe, field: "subscribe", Self.checkSubscribe)
        if publish.isEmpty, subscribe.isEmpty {
            throw DomainError.invalid(
                field: "subscribe", problem: "an account that may neither publish nor subscribe is of no use")
        }
        if name == fleetUsername {
            throw DomainError.conflict("gateways connect with the user name \(quoted(name)); choose another")
        }
        let secret = try RandomSecret()
        let account = try await store.write { transaction in
            if try transaction.gateways.find(id, in: .everything) != nil {
                throw DomainError.conflict("there is a gateway \(quoted(name)); choose another name")
            }
            if try transaction.mqttAccounts.find(name) != nil {
                throw DomainError.conflict("there is an MQTT account \(quoted(name)) already")
            }
            let account = MQTTAccount(
                name: name, publish: publish, subscribe: subscribe, createdAt: transaction.time)
            try transaction.mqttAccounts.insert(StoredMQTTAccount(account: account, digest: secret.digest))
            try transaction.append(
                EventDraft(.mqttAccountAdded, by: principal.username, "\(quoted(name)) \(account.rights)"))
            return account
        }
        return AddedMQTTAccount(account: account, password: secret.text, digest: secret.digest)
    }

    /// Removes an account.
    ///
    /// - Throws: ``DomainError``.
    public func remove(_ name: String, as principal: Principal) async throws {
        _ = try principal.scope(for: .manageMQTTAccounts)
        try await store.write { transaction in
            guard try transaction.mqttAccounts.find(name) != nil else {
                throw DomainError.notFound(.mqttAccount, name)
            }
            try transaction.mqttAccounts.delete(name)
            try transaction.append(EventDraft(.mqttAccountRemoved, by: principal.username, "\(quoted(name)) removed"))
        }
    }

    /// Every account, for whoever decides about CONNECTs without asking the database.
    public func all() async throws -> [StoredMQTTAccount] {
        try await store.read { try $0.mqttAccounts.all() }
    }

    // MARK: Rules

    private static func identifier(_ name: String) throws(DomainError) -> GatewayID {
        do {
            return try GatewayID(name)
        } catch {
            throw .invalid(field: "name", problem: "it follows the rule of gateway ids, and \(error)")
        }
    }

    private static func check(
        _ filters: [String], field: String, _ problem: (MQTTFilter) -> String?
    ) throws(DomainError) {
        guard filters.count <= TextRules.filterCount else {
            throw .invalid(
                field: field, problem: "it has \(filters.count) filters, the most is \(TextRules.filterCount)")
        }
        for (index, text) in filters.enumerated() {
            let field = "\(field)[\(index)]"
            let filter: MQTTFilter
            do { filter = try MQTTFilter(text) } catch { throw .invalid(field: field, problem: "\(error)") }
            if let problem = problem(filter) { throw .invalid(field: field, problem: "\(quoted(text)) \(problem)") }
        }
    }

    private static func checkPublish(_ filter: MQTTFilter) -> String? {
        if filter.isForReservedNames { return "begins with '$', and such names are the broker's own" }
        guard let topic = ["TOCLOUD", "TOGATEWAY"].first(where: { filter.mayStandForTopics(under: $0) }) else {
            return nil
        }
        return "stands for topics under \(topic)/, where only gateways and this service speak"
    }

    private static func checkSubscribe(_ filter: MQTTFilter) -> String? {
        filter.description.utf8.starts(with: "$share/".utf8)
            ? "is a shared subscription; name the filter after the group alone" : nil
    }
}

extension MQTTFilter {
    /// Whether it stands for any topic that begins with the level `name`, and goes on.
    fileprivate func mayStandForTopics(under name: String) -> Bool {
        guard let all = try? MQTTFilter("\(name)/+/#") else { return false }
        return overlaps(all)
    }
}

extension MQTTAccount {
    /// What it may do, for the event log.
    fileprivate var rights: String {
        func list(_ filters: [String]) -> String { filters.map(quoted).joined(separator: ", ") }
        let rights = [("publish to", publish), ("subscribe to", subscribe)].filter { !$0.1.isEmpty }
        return "may \(rights.map { "\($0.0) \(list($0.1))" }.joined(separator: " and "))"
    }
}
