import UpgradeCore
import UpgradeProtocol

/// Changes of who may connect over MQTT, told to ``identities`` as soon as they are durable.
extension Services {
    func enroll(_ id: GatewayID, as principal: Principal) async throws -> EnrolledCredential {
        try await identities.inTurn {
            let credential = try await gatewayCredentials.enroll(id, as: principal)
            identities.enrolled(id, credential.digest)
            return credential
        }
    }

    func revoke(_ id: GatewayID, as principal: Principal) async throws -> Gateway {
        try await identities.inTurn {
            let gateway = try await gatewayCredentials.revoke(id, as: principal)
            identities.revoked(id)
            return gateway
        }
    }

    func setEnabled(_ enabled: Bool, _ id: GatewayID, as principal: Principal) async throws -> Gateway {
        try await identities.inTurn {
            let gateway = try await gateways.setEnabled(enabled, id, as: principal)
            identities.disabled(id, !gateway.enabled)
            return gateway
        }
    }

    /// Forgets a gateway, and with it what it proved itself by.
    func removeGateway(_ id: GatewayID, as principal: Principal) async throws {
        try await identities.inTurn {
            try await gateways.remove(id, as: principal)
            identities.disabled(id, false)
            identities.revoked(id)
        }
    }

    func addMQTTAccount(
        name: String, publish: [String], subscribe: [String], as principal: Principal
    ) async throws -> AddedMQTTAccount {
        try await identities.inTurn {
            let added = try await mqttAccounts.add(
                name: name, publish: publish, subscribe: subscribe, as: principal)
            identities.accountAdded(added.account, added.digest)
            return added
        }
    }

    func removeMQTTAccount(_ name: String, as principal: Principal) async throws {
        try await identities.inTurn {
            try await mqttAccounts.remove(name, as: principal)
            identities.accountRemoved(name)
        }
    }
}
