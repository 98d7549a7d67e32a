import UpgradeCore

/// The user name and password that gateways share.
public struct MQTTSecret: Sendable, Equatable {
    /// The user name.
    public let username: String
    /// The password's bytes: MQTT passwords are binary data [MQTT-3.1.3.6].
    let password: [UInt8]

    /// The pair that every gateway of the field was built with.
    public static let standard = MQTTSecret(username: "user", password: Array("password".utf8))

    /// A pair of user name and password.
    public init(username: String, password: [UInt8]) {
        self.username = username
        self.password = password
    }

    /// Whether a CONNECT's user name and password are this pair; takes the same time wherever they differ.
    func matches(username: String, password: [UInt8]) -> Bool {
        let sameName = isEqualInConstantTime(Array(username.utf8), Array(self.username.utf8))
        let samePassword = isEqualInConstantTime(password, self.password)
        return sameName && samePassword
    }
}

extension MQTTSecret: CustomStringConvertible {
    /// The user name alone: the password never reaches a log.
    public var description: String { "\(username):***" }
}
