import UpgradeAPI
import UpgradeCore
import UpgradeProtocol

/// What routes and pages ask: the domain's services, each of which takes who acts.
struct Services: Sendable {
    let store: Store
    let companies: CompanyService
    let users: UserService
    let profiles: ProfileService
    let logIns: LogInService
    let gateways: GatewayService
    let dashboard: DashboardService
    let gatewayCredentials: GatewayCredentials
    let mqttAccounts: MQTTAccountService
    let apiTokens: APITokenService
    let events: EventService
    let releases: ReleaseService
    let releaseStore: ReleaseStore
    let deployments: DeploymentService
    let engine: UpgradeEngine
    let identities: IdentityChanges

    /// Gateways that share one secret connect with the user name `fleetUsername`.
    init(
        store: Store, hasher: PasswordHasher, releaseStore: ReleaseStore, engine: UpgradeEngine,
        identities: IdentityChanges, fleetUsername: String
    ) {
        self.store = store
        companies = CompanyService(store: store)
        users = UserService(store: store, hasher: hasher)
        profiles = ProfileService(store: store, hasher: hasher)
        logIns = LogInService(store: store, hasher: hasher)
        gateways = GatewayService(store: store, engine: engine)
        dashboard = DashboardService(store: store, engine: engine)
        gatewayCredentials = GatewayCredentials(store: store)
        mqttAccounts = MQTTAccountService(store: store, fleetUsername: fleetUsername)
        apiTokens = APITokenService(store: store)
        events = EventService(store: store)
        releases = ReleaseService(store: store)
        deployments = DeploymentService(store: store)
        self.releaseStore = releaseStore
        self.engine = engine
        self.identities = identities
    }

    /// The user as whom everybody acts while nobody logs in: the first super user that there is now.
    func superUser() async throws -> Principal {
        guard let user = try await users.firstSuperUser() else {
            throw StartRefusal(
                "there is no super user in the database", remedy: "restore a backup with 'umctl restore FILE'")
        }
        return Principal(user)
    }

    /// One deployment as the API shows it.
    func deploymentBody(_ id: DeploymentID, as principal: Principal) async throws -> DeploymentBody {
        let overview = try await deployments.find(id, as: principal)
        return DeploymentBody(overview.deployment, counts: overview.counts)
    }

    /// Every release as the API shows it, the newest version first.
    func allReleaseBodies(as principal: Principal) async throws -> [ReleaseBody] {
        var bodies: [ReleaseBody] = []
        var cursor: Cursor?
        repeat {
            let page = try await releases.list(
                page: PageRequest(limit: PageRequest.maximumLimit, cursor: cursor), as: principal)
            bodies += page.items.map { ReleaseBody($0.release, gateways: $0.gateways) }
            cursor = page.nextCursor
        } while cursor != nil
        return bodies
    }
}
