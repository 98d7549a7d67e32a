import FoundationEssentials
import UpgradeAPI
import UpgradeProtocol

/// A body with one example of itself, from which its schema in `openapi.json` is made: so the description cannot stray from what is sent.
protocol ExemplaryBody: Codable, Sendable, SendableMetatype {
    /// The example, every member with a value.
    static var example: Self? { get }
}

extension CompanyBody: ExemplaryBody {
    static var example: Self? { (try? CompanyID("2")).map { CompanyBody(id: $0, name: "Acme", registered: true) } }
}

extension GatewayBody: ExemplaryBody {
    static var example: Self? {
        guard let id = try? GatewayID("gw2"), let company = try? CompanyID("2"), let version = try? Version("1.2")
        else {
            return nil
        }
        return GatewayBody(
            id: id, companyId: company, claimedCompanyId: company, name: "Roof", address: "1 Mill Lane",
            latitude: 47.5, longitude: 7.6, enabled: true, approved: true, enrolled: true, version: version,
            lastUpgrade: .example,
            online: true, lastSeen: .example, state: .failed, targetVersion: version, badFrames: 0,
            reason: "the disk is full", explanation: "1.2 failed at 2026-11-25T03:07:22Z: the disk is full")
    }
}

extension ReleaseBody: ExemplaryBody {
    static var example: Self? {
        (try? Version("1.2")).map {
            ReleaseBody(
                version: $0, size: 1_048_576, sha256: String(repeating: "0f", count: 32), addedAt: .example,
                state: .available, gateways: 3)
        }
    }
}

extension DeploymentBody: ExemplaryBody {
    static var example: Self? {
        (try? Version("1.2")).map {
            DeploymentBody(
                id: 7, version: $0, target: .all, createdBy: "ann@example.com", createdAt: .example,
                counts: UpgradeCountsBody(pending: 1, confirmed: 2))
        }
    }
}

extension UpgradeBody: ExemplaryBody {
    static var example: Self? {
        guard let id = try? GatewayID("gw2"), let version = try? Version("0.5") else { return nil }
        var body = UpgradeBody(
            gatewayId: id, deploymentId: 7, state: .failed, attempts: 1, fromVersion: version, sentAt: .example,
            deliveredAt: .example, settledAt: .example, reason: "the disk is full")
        body.bytesSent = 524_288
        body.bytesTotal = 1_048_576
        return body
    }
}

extension UserBody: ExemplaryBody {
    static var example: Self? {
        (try? CompanyID("2")).map { UserBody(username: "ann@example.com", name: "Ann", role: .admin, companyId: $0) }
    }
}

extension EnrolledBody: ExemplaryBody {
    static var example: Self? {
        (try? GatewayID("gw2")).map { EnrolledBody(gateway: $0, username: "gw2", password: .exampleSecret) }
    }
}

extension MQTTAccountBody: ExemplaryBody {
    static var example: Self? {
        MQTTAccountBody(
            name: "monitor", publish: ["monitor/alive"], subscribe: ["TOCLOUD/STATUS/+"], password: .exampleSecret)
    }
}

extension TokenBody: ExemplaryBody {
    static var example: Self? {
        TokenBody(id: 3, name: "build server", expiresAt: .example, token: .exampleSecret)
    }
}

extension String {
    fileprivate static var exampleSecret: String { String(repeating: "0f", count: 16) }
}

extension MeBody: ExemplaryBody {
    static var example: Self? {
        (try? CompanyID("2")).map {
            MeBody(
                username: "ann@example.com", name: "Ann", role: .admin, companyId: $0, csrfToken: "bW9vbg",
                mustChangePassword: false)
        }
    }
}

extension SessionBody: ExemplaryBody {
    static var example: Self? { MeBody.example.map { SessionBody(user: $0, csrfToken: "bW9vbg") } }
}

extension EventBody: ExemplaryBody {
    static var example: Self? {
        guard let id = try? GatewayID("gw2"), let company = try? CompanyID("2") else { return nil }
        return EventBody(
            id: 41, time: .example, kind: "upgradeConfirmed", actor: "ann@example.com", gatewayId: id,
            companyId: company, detail: "runs 1.2", deploymentId: 7, orderedBy: "ann@example.com")
    }
}

extension Problem: ExemplaryBody {
    static var example: Self? {
        Problem(title: "Not Found", status: 404, detail: "no gateway \"gw9\"", field: "id")
    }
}

extension RFC3339Time {
    fileprivate static var example: RFC3339Time { RFC3339Time(unixMilliseconds: 1_466_000_000_000) }
}
