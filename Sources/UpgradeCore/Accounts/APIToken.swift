/// What a program shows to act as a user. The secret itself is not part of this value.
public struct APIToken: Sendable, Equatable {
    /// Its number. No other token ever has it.
    public typealias ID = Int64

    /// Its number.
    public let id: ID
    /// What its owner calls it.
    public let name: String
    /// The user name of whoever it acts for.
    public let owner: String
    /// Since when there is one.
    public let createdAt: Timestamp
    /// From when on it is worth nothing.
    public let expiresAt: Timestamp

    /// A token.
    public init(id: ID, name: String, owner: String, createdAt: Timestamp, expiresAt: Timestamp) {
        self.id = id
        self.name = name
        self.owner = owner
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// A token with its secret, which is shown once: only its digest is kept.
public struct MadeAPIToken: Sendable, Equatable {
    /// The token.
    public let token: APIToken
    /// 32 lower-case hexadecimal digits.
    public let secret: String
    /// SHA-256 of the secret's UTF-8.
    public let digest: [UInt8]
}

extension MadeAPIToken: CustomStringConvertible, CustomDebugStringConvertible {
    /// The number alone: the secret never reaches a log.
    public var description: String { "\(token.id):***" }
    /// The same.
    public var debugDescription: String { description }
}

/// A token as the database keeps it.
public struct StoredAPIToken: Sendable, Equatable {
    /// The token.
    public let token: APIToken
    /// SHA-256 of its secret's UTF-8.
    public let digest: [UInt8]
}
