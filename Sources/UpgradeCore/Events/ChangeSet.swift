public import UpgradeProtocol

/// What committed transactions changed: enough to know what to look at again.
public struct ChangeSet: Sendable {
    /// Events written or counted up.
    public private(set) var events: [Event] = []
    /// Gateways whose row, presence or newest upgrade changed. One that changed hands is there for both companies.
    public private(set) var gateways: Set<ChangedGateway> = []
    /// Deployments with an upgrade that changed, by the company of its gateway.
    public private(set) var deployments: Set<ChangedDeployment> = []
    /// Releases that are new: whoever looks at a page is to be prompted with them.
    public private(set) var announcedReleases: Set<Version> = []
    /// Releases that were added, removed, withheld or returned.
    public private(set) var changedReleases: Set<Version> = []
    /// There was more than is listed here: look at everything again.
    public private(set) var isIncomplete = false

    init() {}

    /// Nothing changed.
    public var isEmpty: Bool {
        events.isEmpty && gateways.isEmpty && deployments.isEmpty && announcedReleases.isEmpty
            && changedReleases.isEmpty && !isIncomplete
    }

    /// A gateway, and who may know that it changed.
    public struct ChangedGateway: Hashable, Sendable {
        /// The gateway; it may be gone by now.
        public let id: GatewayID
        /// The company it is, or was, bound to.
        public let companyID: CompanyID?
        /// The company it claims.
        public let claimedCompanyID: CompanyID?
    }

    /// A deployment, and one company that may know that it changed; nil stands for gateways in quarantine.
    public struct ChangedDeployment: Hashable, Sendable {
        /// The deployment.
        public let id: DeploymentID
        /// The company of the gateways whose upgrades changed.
        public let companyID: CompanyID?
    }

    mutating func add(_ event: Event) {
        events.append(event)
    }

    mutating func add(_ gateway: Gateway) {
        add(gateway: gateway.id, company: gateway.companyID, claimed: gateway.claimedCompanyID)
    }

    mutating func add(gateway: GatewayID, company: CompanyID?, claimed: CompanyID?) {
        gateways.insert(ChangedGateway(id: gateway, companyID: company, claimedCompanyID: claimed))
    }

    mutating func add(deployment: DeploymentID, company: CompanyID?) {
        deployments.insert(ChangedDeployment(id: deployment, companyID: company))
    }

    /// A release was added, removed, withheld or returned; `announced` if people are to be prompted with it as new.
    mutating func add(release: Version, announced: Bool) {
        changedReleases.insert(release)
        if announced { announcedReleases.insert(release) }
    }

    mutating func merge(_ other: ChangeSet) {
        if isEmpty { return self = other }
        events += other.events
        gateways.formUnion(other.gateways)
        deployments.formUnion(other.deployments)
        announcedReleases.formUnion(other.announcedReleases)
        changedReleases.formUnion(other.changedReleases)
        isIncomplete = isIncomplete || other.isIncomplete
    }

    /// Forgets details, and says so, when there are more of one sort than `limit`.
    mutating func trim(to limit: Int) {
        guard events.count > limit || gateways.count > limit || deployments.count > limit else { return }
        isIncomplete = true
        events.removeFirst(max(0, events.count - limit))
        if gateways.count > limit { gateways = [] }
        if deployments.count > limit { deployments = [] }
    }

    /// The part that `view` may see.
    func seen(by view: ChangeFeed.View) -> ChangeSet {
        if view.seesEverything { return self }
        var part = ChangeSet()
        part.events = events.filter {
            view.events.contains($0.companyID) && (view.eventLog || $0.kind.showsOnDashboard)
        }
        part.gateways = gateways.filter {
            view.gateways.contains(company: $0.companyID, claimedCompany: $0.claimedCompanyID)
        }
        part.deployments = deployments.filter { view.gateways.contains($0.companyID) }
        part.announcedReleases = announcedReleases
        part.changedReleases = changedReleases
        part.isIncomplete = isIncomplete
        return part
    }
}
