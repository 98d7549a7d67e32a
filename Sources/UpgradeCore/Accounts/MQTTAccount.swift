/// A program other than a gateway that may connect over MQTT, such as one that watches the fleet.
public struct MQTTAccount: Sendable, Equatable {
    /// The user name of its CONNECT.
    public let name: String
    /// The topic filters of what it may publish to. None of them stands for a topic of gateways or of this service.
    public let publish: [String]
    /// The topic filters of what it may subscribe to: also to any part of it.
    public let subscribe: [String]
    /// When it was made.
    public let createdAt: Timestamp

    /// An account.
    public init(name: String, publish: [String], subscribe: [String], createdAt: Timestamp) {
        self.name = name
        self.publish = publish
        self.subscribe = subscribe
        self.createdAt = createdAt
    }
}

/// An account with its password, which is shown once: only its digest is kept.
public struct AddedMQTTAccount: Sendable, Equatable {
    /// The account.
    public let account: MQTTAccount
    /// 32 lower-case hexadecimal digits.
    public let password: String
    /// SHA-256 of the password's UTF-8.
    public let digest: [UInt8]
}

extension AddedMQTTAccount: CustomStringConvertible, CustomDebugStringConvertible {
    /// The name alone: the password never reaches a log.
    public var description: String { "\(account.name):***" }
    /// The same.
    public var debugDescription: String { description }
}

/// An account as the database keeps it.
public struct StoredMQTTAccount: Sendable, Equatable {
    /// The account.
    public let account: MQTTAccount
    /// SHA-256 of its password's UTF-8.
    public let digest: [UInt8]
}
