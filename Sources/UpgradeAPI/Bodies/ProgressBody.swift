public import UpgradeProtocol

/// How far the executable of an upgrade has got to one gateway, as the broker sees it: the stream's `progress`.
public struct ProgressBody: Codable, Sendable, Equatable {
    /// The gateway.
    public var gatewayId: GatewayID
    /// The deployment.
    public var deploymentId: Int64
    /// Bytes that the gateway's side has acknowledged.
    public var bytesSent: Int64
    /// Bytes of the executable.
    public var bytesTotal: Int64

    /// A transfer under way.
    public init(gatewayId: GatewayID, deploymentId: Int64, bytesSent: Int64, bytesTotal: Int64) {
        self.gatewayId = gatewayId
        self.deploymentId = deploymentId
        self.bytesSent = bytesSent
        self.bytesTotal = bytesTotal
    }
}
