import Synchronization
import UpgradeCore
import UpgradeProtocol

/// What the broker's threads must know about who may come in, kept where they can look without waiting. The database has it all, and comes first.
final class IdentityDirectory: Sendable {
    /// An account of another program.
    struct Account: Sendable {
        let digest: [UInt8]
        let publish: [MQTTFilter]
        let subscribe: [MQTTFilter]
    }

    private struct State {
        var disabled: Set<GatewayID> = []
        /// The SHA-256 of each enrolled gateway's own secret.
        var ownSecrets: [GatewayID: [UInt8]] = [:]
        /// The gateways that have come with a certificate.
        var certified: Set<GatewayID> = []
        /// By the bytes of their names.
        var accounts: [[UInt8]: Account] = [:]
    }

    private let state = Mutex(State())

    /// What the database has.
    init(_ store: Store) async throws {
        for (gateway, credential) in try await GatewayCredentials(store: store).all() {
            if let digest = credential.digest { enroll(gateway, secretDigest: digest) }
            if credential.byCertificate { _ = noteCertificate(of: gateway) }
        }
        for stored in try await MQTTAccountService(store: store).all() { add(stored.account, digest: stored.digest) }
        let gateways = GatewayService(store: store)
        var cursor: Cursor?
        repeat {
            let page = try await gateways.list(
                GatewayFilter(enabled: false), page: PageRequest(limit: PageRequest.maximumLimit, cursor: cursor),
                as: .operator)
            for gateway in page.items { set(gateway.id, disabled: true) }
            cursor = page.nextCursor
        } while cursor != nil
    }

    func isDisabled(_ gateway: GatewayID) -> Bool { state.withLock { $0.disabled.contains(gateway) } }

    func set(_ gateway: GatewayID, disabled: Bool) {
        state.withLock { state in
            if disabled { state.disabled.insert(gateway) } else { state.disabled.remove(gateway) }
        }
    }

    // MARK: Gateways

    func ownSecret(of gateway: GatewayID) -> [UInt8]? { state.withLock { $0.ownSecrets[gateway] } }

    /// Whether the gateway has something that proves who it is, so that the shared secret no longer does.
    func isEnrolled(_ gateway: GatewayID) -> Bool {
        state.withLock { $0.ownSecrets[gateway] != nil || $0.certified.contains(gateway) }
    }

    func enroll(_ gateway: GatewayID, secretDigest digest: [UInt8]) {
        state.withLock { $0.ownSecrets[gateway] = digest }
    }

    /// Whether the gateway is new among those that came with a certificate.
    func noteCertificate(of gateway: GatewayID) -> Bool { state.withLock { $0.certified.insert(gateway).inserted } }

    func revoke(_ gateway: GatewayID) {
        state.withLock { state in
            state.ownSecrets[gateway] = nil
            state.certified.remove(gateway)
        }
    }

    // MARK: Accounts

    func account(_ name: String) -> Account? { state.withLock { $0.accounts[Array(name.utf8)] } }

    func add(_ account: MQTTAccount, digest: [UInt8]) {
        // Filters were checked when they were stored; one that cannot be read now grants nothing.
        let stored = Account(
            digest: digest, publish: account.publish.compactMap { try? MQTTFilter($0) },
            subscribe: account.subscribe.compactMap { try? MQTTFilter($0) })
        state.withLock { $0.accounts[Array(account.name.utf8)] = stored }
    }

    func removeAccount(_ name: String) { state.withLock { $0.accounts[Array(name.utf8)] = nil } }
}
