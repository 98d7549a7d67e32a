public import UpgradeProtocol

/// The secret that a gateway has of its own, as `POST /gateways/{id}/enroll` shows it: once.
public struct EnrolledBody: Codable, Sendable, Equatable {
    /// The gateway.
    public var gateway: GatewayID
    /// The user name of its CONNECT: its id.
    public var username: String
    /// The password of its CONNECT.
    public var password: String

    /// A secret of a gateway.
    public init(gateway: GatewayID, username: String, password: String) {
        self.gateway = gateway
        self.username = username
        self.password = password
    }
}

extension APIClient {
    /// `POST /gateways/{id}/enroll`: a secret of its own, in the place of the one that it may have.
    public func enroll(_ id: GatewayID) async throws(APIError) -> EnrolledBody {
        try await post(["gateways", id.rawValue, "enroll"])
    }
}
