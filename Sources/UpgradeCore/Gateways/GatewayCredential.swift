public import UpgradeProtocol

/// A secret that one gateway alone is to have. It is shown once: only its digest is kept.
public struct EnrolledCredential: Sendable, Equatable {
    /// The gateway; its id is also the user name of its CONNECT.
    public let gateway: GatewayID
    /// 32 lower-case hexadecimal digits.
    public let password: String
    /// SHA-256 of the password's UTF-8.
    public let digest: [UInt8]

    /// The user name of the gateway's CONNECT.
    public var username: String { gateway.rawValue }

    /// A secret of a gateway.
    public init(gateway: GatewayID, password: String, digest: [UInt8]) {
        self.gateway = gateway
        self.password = password
        self.digest = digest
    }
}

extension EnrolledCredential: CustomStringConvertible, CustomDebugStringConvertible {
    /// The gateway alone: the password never reaches a log.
    public var description: String { "\(gateway):***" }
    /// The same.
    public var debugDescription: String { description }
}

/// What a gateway proves itself by, as the database keeps it. While there is one, the fleet's shared secret does not open its id.
public struct StoredCredential: Sendable, Equatable {
    /// SHA-256 of its own secret; nil when it has none.
    public let digest: [UInt8]?
    /// It has proved itself by a certificate.
    public let byCertificate: Bool

    /// A credential.
    public init(digest: [UInt8]?, byCertificate: Bool) {
        self.digest = digest
        self.byCertificate = byCertificate
    }
}
