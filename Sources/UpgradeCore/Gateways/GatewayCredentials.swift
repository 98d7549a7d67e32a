public import UpgradeProtocol

/// What gateways prove themselves by, other than the secret that the whole fleet shares.
public struct GatewayCredentials: Sendable {
    private let store: Store

    /// The credentials of the gateways of `store`.
    public init(store: Store) {
        self.store = store
    }

    /// Gives a gateway a secret of its own, in the place of the one that it may have. From then on the shared secret does not open its id.
    ///
    /// - Returns: The secret, which nobody can ask for again.
    /// - Throws: ``DomainError``: ``DomainError/conflict(_:)`` when an MQTT account has the gateway's id for its name.
    public func enroll(_ id: GatewayID, as principal: Principal) async throws -> EnrolledCredential {
        let scope = try principal.scope(for: .manageGateways)
        let secret = try RandomSecret()
        try await store.write { transaction in
            var gateway = try Self.find(id, in: scope, transaction)
            guard try transaction.mqttAccounts.find(id.rawValue) == nil else {
                throw DomainError.conflict(
                    "there is an MQTT account named \(quoted(id.rawValue)), and a CONNECT with that user name is its own"
                )
            }
            let before = try transaction.gatewayCredentials.find(id)
            try transaction.gatewayCredentials.setSecret(secret.digest, of: id, at: transaction.time)
            let detail =
                before?.digest == nil
                ? "it has a secret of its own; the shared one does not open its id any more"
                : "it has another secret of its own; the one before is void"
            try transaction.append(
                EventDraft(
                    .gatewayEnrolled, by: principal.username, gateway: id, company: gateway.companyID, detail))
            gateway.enrolled = true
            transaction.changes.add(gateway)
        }
        return EnrolledCredential(gateway: id, password: secret.text, digest: secret.digest)
    }

    /// Takes from a gateway its own secret, and the mark that it proved itself by a certificate: the shared secret opens its id again.
    ///
    /// - Returns: The gateway as it is now.
    /// - Throws: ``DomainError``: ``DomainError/conflict(_:)`` when it has neither.
    public func revoke(_ id: GatewayID, as principal: Principal) async throws -> Gateway {
        let scope = try principal.scope(for: .manageGateways)
        return try await store.write { transaction in
            var gateway = try Self.find(id, in: scope, transaction)
            guard let credential = try transaction.gatewayCredentials.find(id) else {
                throw DomainError.conflict(
                    "gateway \(id) has no secret of its own and has not proved itself by a certificate")
            }
            try transaction.gatewayCredentials.delete(id)
            let what = credential.digest == nil ? "the mark of its certificate is gone" : "its own secret is void"
            try transaction.append(
                EventDraft(
                    .gatewayRevoked, by: principal.username, gateway: id, company: gateway.companyID,
                    "\(what); the shared secret opens its id again"))
            gateway.enrolled = false
            transaction.changes.add(gateway)
            return gateway
        }
    }

    /// Remembers that whoever holds this id proved it by a certificate, so that the shared secret does not open it any more. Writes
    /// nothing when that is known. The gateway need not be known yet.
    public func recordCertificate(of id: GatewayID) async throws {
        guard try await store.read({ try $0.gatewayCredentials.find(id) })?.byCertificate != true else { return }
        try await store.write { transaction in
            guard try transaction.gatewayCredentials.find(id)?.byCertificate != true else { return }
            try transaction.gatewayCredentials.setByCertificate(id, at: transaction.time)
            let gateway = try transaction.gateways.find(id, in: .everything)
            try transaction.append(
                EventDraft(
                    .gatewayEnrolled, gateway: id, company: gateway?.companyID,
                    "it proved itself by a certificate; the shared secret does not open its id any more"))
            if let gateway { transaction.changes.add(gateway) }
        }
    }

    /// Every credential, for whoever decides about CONNECTs without asking the database.
    public func all() async throws -> [GatewayID: StoredCredential] {
        try await store.read { try $0.gatewayCredentials.all() }
    }

    private static func find(_ id: GatewayID, in scope: Scope, _ transaction: Transaction) throws -> Gateway {
        guard let gateway = try transaction.gateways.find(id, in: scope) else {
            throw DomainError.notFound(.gateway, id.rawValue)
        }
        return gateway
    }
}
