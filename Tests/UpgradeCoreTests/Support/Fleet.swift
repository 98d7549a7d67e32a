import GRDB
import UpgradeProtocol

@testable import UpgradeCore

extension Store {
    /// Companies 1, 2 and 3, without going through the services.
    func addCompanies() async throws {
        try await write { transaction in
            for id in ["1", "2", "3"] as [CompanyID] {
                try transaction.companies.insert(
                    Company(id: id, name: "Company \(id)", registered: true), at: transaction.time)
            }
        }
    }

    /// Gateways of a company, or in quarantine and claiming it.
    func add(_ gateways: [GatewayID], company: CompanyID, quarantined: Bool = false) async throws {
        try await write { transaction in
            for id in gateways {
                try transaction.gateways.insert(
                    id, company: quarantined ? nil : company, claimed: company, at: transaction.time)
            }
        }
    }

    func add(_ user: User, password: String? = nil) async throws {
        let hash: String? = if let password { try await PasswordHasher.cheap.hash(password) } else { nil }
        try await write { try $0.users.insert(user, passwordHash: hash, at: $0.time) }
    }

    func addRelease(_ version: Version) async throws -> Release {
        try await write { transaction in
            try transaction.releases.insert(
                version: version, sha256: String(repeating: "a", count: 64), size: 3, crc32: 0xcbf4_3926, addedBy: nil,
                origin: .folder(fileName: version.description), at: transaction.time)
        }
    }

    /// An order as the engine writes it, with every upgrade in the given state.
    func addDeployment(
        of release: Release, to gateways: [GatewayID: UpgradeState], target: DeploymentTarget, by user: String = "boss"
    ) async throws -> DeploymentID {
        try await write { transaction in
            let (kind, json) = try target.stored()
            try transaction.database.execute(
                sql: """
                    INSERT INTO deployment (release_id, version, target_kind, target_json, created_by, created_at)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    release.id.rawValue, release.version.stored, kind, json, user, transaction.time.milliseconds,
                ])
            let id = transaction.database.lastInsertedRowID
            for (gateway, state) in gateways {
                try transaction.database.execute(
                    sql: """
                        INSERT INTO upgrade (deployment_id, gateway_id, version, state, created_at, settled_at, deadline)
                        VALUES (?, ?, ?, ?, ?, ?, 0)
                        """,
                    arguments: [
                        id, gateway.rawValue, release.version.stored, state.rawValue, transaction.time.milliseconds,
                        state == .pending ? nil : transaction.time.milliseconds,
                    ])
            }
            return DeploymentID(rawValue: id)
        }
    }
}
