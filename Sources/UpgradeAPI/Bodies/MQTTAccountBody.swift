/// A program other than a gateway that may connect over MQTT, as `/mqtt-accounts` shows it.
public struct MQTTAccountBody: Codable, Sendable, Equatable {
    /// The user name of its CONNECT.
    public var name: String
    /// The topic filters of what it may publish to.
    public var publish: [String]
    /// The topic filters of what it may subscribe to.
    public var subscribe: [String]
    /// The password of its CONNECT: in the answer to `POST` alone.
    public var password: String?

    /// An account.
    public init(name: String, publish: [String], subscribe: [String], password: String? = nil) {
        self.name = name
        self.publish = publish
        self.subscribe = subscribe
        self.password = password
    }
}

/// Body of `POST /mqtt-accounts`.
public struct MQTTAccountCreation: RequestBody, Equatable {
    /// The members of this body.
    public enum CodingKeys: String, CodingKey, CaseIterable { case name, publish, subscribe }

    /// The user name, unused as yet; it follows the rule of gateway ids.
    public var name: String
    /// The topic filters of what it may publish to; nothing when left out.
    public var publish: [String]?
    /// The topic filters of what it may subscribe to; nothing when left out.
    public var subscribe: [String]?

    /// An account to create.
    public init(name: String, publish: [String]? = nil, subscribe: [String]? = nil) {
        self.name = name
        self.publish = publish
        self.subscribe = subscribe
    }
}

extension APIClient {
    /// `GET /mqtt-accounts`.
    public func mqttAccounts(_ page: PageQuery = PageQuery()) async throws(APIError) -> PageBody<MQTTAccountBody> {
        try await get(["mqtt-accounts"], query: page.items)
    }

    /// `POST /mqtt-accounts`.
    public func createMQTTAccount(_ body: MQTTAccountCreation) async throws(APIError) -> MQTTAccountBody {
        try await post(["mqtt-accounts"], body: body)
    }

    /// `DELETE /mqtt-accounts/{name}`.
    public func removeMQTTAccount(_ name: String) async throws(APIError) {
        try await delete(["mqtt-accounts", name])
    }
}
