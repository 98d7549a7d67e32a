public import UpgradeProtocol

/// Something that happened: who, what, when, which gateway, which company.
public struct Event: Equatable, Sendable, Identifiable {
    /// Later events have greater numbers.
    public let id: Int64
    /// The latest occurrence.
    public let time: Timestamp
    /// What happened.
    public let kind: EventKind
    /// Who did it: a user, or the operator at the control socket. Nil for what gateways and the service did by themselves.
    public let actor: String?
    /// The gateway it happened to; it may be gone by now.
    public let gatewayID: GatewayID?
    /// Whose event log shows it. Nil for what concerns the service as a whole.
    public let companyID: CompanyID?
    /// The deployment that it is part of.
    public let deploymentID: DeploymentID?
    /// One line for people; may quote text that a gateway sent.
    public let detail: String
    /// How often it happened within the hour of `time`; more than 1 only for kinds that coalesce.
    public let count: Int64

    /// An event that was written.
    public init(
        id: Int64, time: Timestamp, kind: EventKind, actor: String?, gatewayID: GatewayID?, companyID: CompanyID?,
        deploymentID: DeploymentID?, detail: String, count: Int64
    ) {
        self.id = id
        self.time = time
        self.kind = kind
        self.actor = actor
        self.gatewayID = gatewayID
        self.companyID = companyID
        self.deploymentID = deploymentID
        self.detail = detail
        self.count = count
    }
}

/// An event as it is written; the transaction gives it its number and time.
struct EventDraft {
    var kind: EventKind
    var actor: String?
    var gatewayID: GatewayID?
    var companyID: CompanyID?
    var deploymentID: DeploymentID?
    var detail: String

    init(
        _ kind: EventKind, by actor: String? = nil, gateway: GatewayID? = nil, company: CompanyID? = nil,
        deployment: DeploymentID? = nil, _ detail: String
    ) {
        self.kind = kind
        self.actor = actor
        self.gatewayID = gateway
        self.companyID = company
        self.deploymentID = deployment
        self.detail = detail
    }
}
