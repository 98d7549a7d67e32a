import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

// The domain's values in the form in which the API shows them.

extension RFC3339Time {
    init(_ time: Timestamp) { self.init(unixMilliseconds: time.milliseconds) }
}

extension Timestamp {
    init(_ time: RFC3339Time) { self.init(milliseconds: time.unixMilliseconds) }
}

extension PageBody {
    init<Model>(_ page: Page<Model>, _ body: (Model) -> Item) {
        self.init(items: page.items.map(body), total: page.total, nextCursor: page.nextCursor?.description)
    }
}

extension CompanyBody {
    init(_ company: Company) { self.init(id: company.id, name: company.name, registered: company.registered) }
}

extension GatewayBody {
    init(_ explained: ExplainedGateway) {
        let gateway = explained.gateway
        let last = gateway.lastUpgradeOrder
        let explanation = explained.explanation?.sentence
        self.init(
            id: gateway.id, companyId: gateway.companyID, claimedCompanyId: gateway.claimedCompanyID,
            name: gateway.name, address: gateway.address, latitude: gateway.latitude, longitude: gateway.longitude,
            enabled: gateway.enabled, approved: gateway.approved, enrolled: gateway.enrolled, version: gateway.version,
            lastUpgrade: gateway.lastUpgrade.map(RFC3339Time.init), online: gateway.online,
            lastSeen: gateway.lastSeen.map(RFC3339Time.init), state: (last?.state).map(UpgradeStateName.init),
            targetVersion: last?.targetVersion, badFrames: Int(gateway.badFrames),
            reason: last?.reason ?? explanation, explanation: explanation)
    }
}

extension Change {
    init(_ member: Clearable<Value>) {
        self =
            switch member {
            case .keep: .keep
            case .clear: .clear
            case .set(let value): .set(value)
            }
    }
}

extension UpgradeStateName {
    init(_ state: UpgradeState) {
        self =
            switch state {
            case .pending: .pending
            case .confirmed: .confirmed
            case .timedOut: .timedOut
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }
}

extension UpgradeState {
    init(_ name: UpgradeStateName) {
        self =
            switch name {
            case .pending: .pending
            case .confirmed: .confirmed
            case .timedOut: .timedOut
            case .failed: .failed
            case .cancelled: .cancelled
            }
    }
}

extension ReleaseStateName {
    init(_ state: Release.State) {
        self =
            switch state {
            case .available: .available
            case .changed: .changed
            case .removed: .removed
            }
    }
}

extension ReleaseBody {
    /// `gateways` is how many report the version, of those that the caller may see.
    init(_ release: Release, gateways: Int) {
        self.init(
            version: release.version, size: Int(release.size), sha256: release.sha256,
            addedAt: RFC3339Time(release.addedAt), state: ReleaseStateName(release.state), gateways: gateways)
    }
}

extension DeploymentTargetBody {
    init(_ target: DeploymentTarget) {
        self =
            switch target {
            case .gateways(let ids): .gateways(ids)
            case .company(let id): .company(id)
            case .all: .all
            }
    }
}

extension DeploymentTarget {
    init(_ target: DeploymentTargetBody) {
        self =
            switch target {
            case .gateways(let ids): .gateways(ids)
            case .company(let id): .company(id)
            case .all: .all
            }
    }
}

extension DeploymentBody {
    init(_ deployment: Deployment, counts: UpgradeCounts) {
        self.init(
            id: deployment.id.rawValue, version: deployment.version, target: DeploymentTargetBody(deployment.target),
            createdBy: deployment.createdBy, createdAt: RFC3339Time(deployment.createdAt),
            counts: UpgradeCountsBody(
                pending: counts[.pending], confirmed: counts[.confirmed], timedOut: counts[.timedOut],
                failed: counts[.failed], cancelled: counts[.cancelled]))
    }
}

extension UpgradeBody {
    init(_ upgrade: Upgrade) {
        self.init(
            gatewayId: upgrade.gatewayID, deploymentId: upgrade.deploymentID.rawValue,
            state: UpgradeStateName(upgrade.state), attempts: upgrade.attempts, fromVersion: upgrade.fromVersion,
            sentAt: upgrade.sentAt.map(RFC3339Time.init), deliveredAt: upgrade.deliveredAt.map(RFC3339Time.init),
            settledAt: upgrade.settledAt.map(RFC3339Time.init), reason: upgrade.reason)
    }

    /// With how far it is, if it is on its way.
    init(_ upgrade: Upgrade, _ progress: TransferProgress?) {
        self.init(upgrade)
        bytesSent = progress?.bytesSent
        bytesTotal = progress?.bytesTotal
    }
}

extension ProgressBody {
    init(_ progress: TransferProgress) {
        self.init(
            gatewayId: progress.gateway, deploymentId: progress.deployment.rawValue, bytesSent: progress.bytesSent,
            bytesTotal: progress.bytesTotal)
    }
}

extension RoleName {
    init(_ role: Role) {
        self =
            switch role {
            case .super: .super
            case .admin: .admin
            case .user: .user
            }
    }
}

extension Role {
    init(_ name: RoleName) {
        self =
            switch name {
            case .super: .super
            case .admin: .admin
            case .user: .user
            }
    }
}

extension UserBody {
    init(_ user: User) {
        self.init(username: user.username, name: user.name, role: RoleName(user.role), companyId: user.companyID)
    }
}

extension EnrolledBody {
    init(_ credential: EnrolledCredential) {
        self.init(gateway: credential.gateway, username: credential.username, password: credential.password)
    }
}

extension MQTTAccountBody {
    init(_ account: MQTTAccount) {
        self.init(name: account.name, publish: account.publish, subscribe: account.subscribe)
    }

    init(_ added: AddedMQTTAccount) {
        self.init(added.account)
        password = added.password
    }
}

extension TokenBody {
    init(_ token: APIToken) {
        self.init(id: token.id, name: token.name, expiresAt: RFC3339Time(token.expiresAt))
    }

    init(_ made: MadeAPIToken) {
        self.init(made.token)
        token = made.secret
    }
}

extension EventBody {
    /// What coalesced says how often it happened.
    init(_ event: Event) {
        self.init(
            id: event.id, time: RFC3339Time(event.time), kind: event.kind.rawValue, actor: event.actor,
            gatewayId: event.gatewayID, companyId: event.companyID,
            detail: event.count > 1 ? "\(event.detail) (\(event.count) times)" : event.detail,
            deploymentId: event.deploymentID?.rawValue)
    }

    /// With who ordered what it is part of.
    init(_ entry: GatewayHistoryEntry) {
        self.init(entry.event)
        orderedBy = entry.order?.createdBy
    }
}
