import MQTTBroker
import UpgradeProtocol

/// Who a client of the broker was found to be, and by what.
enum MQTTIdentity: Hashable {
    /// It knows the secret that the fleet shares: some gateway, which cannot be told from any other that shares it.
    case sharedSecret
    /// It knows the secret that this gateway alone was given.
    case ownSecret(GatewayID)
    /// It holds a certificate in the name of this gateway.
    case certificate(GatewayID)
    /// It is another program with an account of its own, and no gateway.
    case account(String)

    /// Whether it is a gateway, as far as anybody can tell.
    var isGateway: Bool {
        if case .account = self { false } else { true }
    }

    /// The gateway that it cannot but be.
    private var provenGateway: GatewayID? {
        switch self {
        case .ownSecret(let gateway), .certificate(let gateway): gateway
        case .sharedSecret, .account: nil
        }
    }

    /// Whether it may take over the session of `gateway` from `owner`: only what proves to be that gateway may, and only from another gateway.
    func mayTakeOver(_ gateway: String, from owner: MQTTIdentity) -> Bool {
        owner.isGateway && provenGateway?.isSpelt(gateway) ?? false
    }
}

extension MQTTIdentity {
    /// As the broker keeps it with a session.
    var clientIdentity: ClientIdentity {
        switch self {
        case .sharedSecret: ClientIdentity(rawValue: "shared-secret")
        case .ownSecret(let gateway): ClientIdentity(rawValue: "own-secret/\(gateway)")
        case .certificate(let gateway): ClientIdentity(rawValue: "certificate/\(gateway)")
        case .account(let name): ClientIdentity(rawValue: "account/\(name)")
        }
    }

    /// What ``clientIdentity`` made; nil for anything else.
    init?(_ identity: ClientIdentity) {
        // Scalars, not characters: a name may begin with a mark that combines with the slash.
        let parts = identity.rawValue.unicodeScalars.split(separator: "/", maxSplits: 1).map(String.init)
        let name = parts.count == 2 ? parts[1] : ""
        switch parts.first {
        case "shared-secret" where parts.count == 1: self = .sharedSecret
        case "own-secret":
            guard let gateway = try? GatewayID(name) else { return nil }
            self = .ownSecret(gateway)
        case "certificate":
            guard let gateway = try? GatewayID(name) else { return nil }
            self = .certificate(gateway)
        case "account" where !name.isEmpty: self = .account(name)
        default: return nil
        }
    }
}

extension ClientIdentity {
    /// The account that it is; nil for a gateway. Asked for each message, hence without making an ``MQTTIdentity``.
    var accountName: String? {
        let prefix = "account/".utf8
        guard rawValue.utf8.starts(with: prefix) else { return nil }
        return String(Substring(rawValue.utf8.dropFirst(prefix.count)))
    }
}

extension GatewayID {
    /// Whether the text has the bytes of this id. `String` would take other bytes for the same text, such as the Kelvin sign for the letter K, and one
    /// gateway for another.
    func isSpelt(_ text: String) -> Bool { rawValue.utf8.elementsEqual(text.utf8) }
}
