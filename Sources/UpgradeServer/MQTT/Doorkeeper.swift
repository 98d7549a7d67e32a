import MQTTBroker
import MQTTWire
import UpgradeCore
import UpgradeProtocol

/// Decides who a CONNECT comes from, and whether that one may come in.
///
/// | presented | let in as |
/// |---|---|
/// | a certificate that the gateways' authority signed | the gateway that it names, in CN or SAN, which must be the client id |
/// | an account's name and password | that account, under a client id that no gateway has |
/// | the client id as user name, with the secret that the gateway was enrolled with | that gateway |
/// | the shared user name and password | the gateway that the client id names, unless that one is enrolled |
///
/// A client id is always a valid gateway id, and a disabled gateway stays out. Who knows no secret learns nothing else.
struct Doorkeeper: Sendable {
    let secret: MQTTSecret
    let directory: IdentityDirectory

    /// What becomes of a CONNECT.
    enum Verdict: Equatable {
        case allow(MQTTIdentity)
        /// An account, which may come in unless its client id is a gateway's: the database has to be asked.
        case allowUnlessGateway(MQTTIdentity, GatewayID)
        /// `isGuess`: a secret was tried and was wrong.
        case refuse(ConnectRefusal, why: String, isGuess: Bool = false)
    }

    func verdict(on request: ConnectRequest) -> Verdict {
        if let account = account(of: request) { return verdict(on: request, account) }
        if let certificate = request.peerCertificate { return verdict(on: request, certificate) }
        guard let userName = request.userName, let password = request.password else {
            return .refuse(.badUserNameOrPassword, why: "it gave no user name and password", isGuess: false)
        }
        let gateway = request.gatewayID
        // All are compared whatever the others said: the time must not tell which secret was nearly right.
        let isOwn = gateway.map { isOwnSecret(password, of: $0, userName) } ?? false
        let isShared = secret.matches(username: userName, password: password)
        guard isOwn || isShared else {
            return .refuse(.badUserNameOrPassword, why: "the user name or password is wrong", isGuess: true)
        }
        guard let gateway else { return .refuse(.identifierRejected, why: "the client id is no gateway id") }
        if directory.isDisabled(gateway) { return .refuse(.notAuthorized, why: "the gateway is disabled") }
        if isOwn { return .allow(.ownSecret(gateway)) }
        guard !directory.isEnrolled(gateway) else {
            return .refuse(.notAuthorized, why: "the gateway is enrolled: the shared secret no longer opens its id")
        }
        return .allow(.sharedSecret)
    }

    private func isOwnSecret(_ password: [UInt8], of gateway: GatewayID, _ userName: String) -> Bool {
        guard let expected = directory.ownSecret(of: gateway), let digest = try? SHA256.digest(of: password) else {
            return false
        }
        return isEqualInConstantTime(digest, expected) && gateway.isSpelt(userName)
    }

    // MARK: Certificates

    private func verdict(on request: ConnectRequest, _ certificate: PeerCertificate) -> Verdict {
        guard let gateway = request.gatewayID else {
            return .refuse(.identifierRejected, why: "the client id is no gateway id")
        }
        let names = certificate.alternativeNames + (certificate.commonName.map { [$0] } ?? [])
        guard names.contains(where: gateway.isSpelt) else {
            return .refuse(
                .notAuthorized,
                why: "its certificate \(quoted(certificate.subject)) does not name the client id in CN or SAN")
        }
        if directory.isDisabled(gateway) { return .refuse(.notAuthorized, why: "the gateway is disabled") }
        return .allow(.certificate(gateway))
    }

    // MARK: Accounts

    private func account(of request: ConnectRequest) -> String? {
        guard let userName = request.userName, let password = request.password,
            let account = directory.account(userName), let digest = try? SHA256.digest(of: password),
            isEqualInConstantTime(digest, account.digest)
        else { return nil }
        return userName
    }

    private func verdict(on request: ConnectRequest, _ account: String) -> Verdict {
        // An id that the broker chose is nobody's.
        if request.isClientIDAssigned { return .allow(.account(account)) }
        guard let id = request.gatewayID else {
            return .refuse(.identifierRejected, why: "the client id is no gateway id")
        }
        return .allowUnlessGateway(.account(account), id)
    }
}

extension ConnectRequest {
    /// The gateway that the client id names.
    fileprivate var gatewayID: GatewayID? {
        isClientIDAssigned ? nil : try? GatewayID(clientID.text)
    }
}
