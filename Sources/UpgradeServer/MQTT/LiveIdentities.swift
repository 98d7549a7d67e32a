import UpgradeCore
import UpgradeProtocol

/// Has a change of who may come in take effect at once: for the CONNECTs to come, and for the sessions that are open.
///
/// The order matters: first nobody new comes in by what no longer holds, then those go who did.
struct LiveIdentities: Sendable {
    let directory: IdentityDirectory
    let link: BrokerLink

    /// What the routes tell.
    var changes: IdentityChanges {
        IdentityChanges(
            disabled: { disabled($0, $1) },
            enrolled: { enrolled($0, digest: $1) }, revoked: { revoked($0) },
            accountAdded: { directory.add($0, digest: $1) }, accountRemoved: { removedAccount($0) })
    }

    private func disabled(_ gateway: GatewayID, _ isDisabled: Bool) {
        directory.set(gateway, disabled: isDisabled)
        if isDisabled { link.endSession(of: gateway, reason: "the gateway is disabled") { $0.isGateway } }
    }

    private func enrolled(_ gateway: GatewayID, digest: [UInt8]) {
        directory.enroll(gateway, secretDigest: digest)
        link.endSession(of: gateway, reason: "the gateway was given a secret of its own") { identity in
            switch identity {
            case .sharedSecret, .ownSecret: true
            case .certificate, .account: false
            }
        }
    }

    /// A holder of the shared secret who is connected goes too: who comes next is to be judged anew.
    private func revoked(_ gateway: GatewayID) {
        directory.revoke(gateway)
        link.endSession(of: gateway, reason: "the gateway's own secret was revoked") { $0.isGateway }
    }

    private func removedAccount(_ name: String) {
        directory.removeAccount(name)
        link.endSessions(ofAccount: name, reason: "the MQTT account was removed")
    }
}
