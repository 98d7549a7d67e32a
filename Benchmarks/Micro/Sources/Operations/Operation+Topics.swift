import MQTTWire

extension Operation {
    static let topics: [Operation] = made("topics") {
        let filter = try TopicFilter("TOCLOUD/+/gateway-0001")
        let name = try TopicName("TOCLOUD/STATUS/gateway-0001")
        return [
            Operation("topic name, check") { try TopicName("TOCLOUD/STATUS/gateway-0001") },
            Operation("topic filter without wildcard, check") { try TopicFilter("TOCLOUD/STATUS/gateway-0001") },
            Operation("topic filter with wildcard, check") { try TopicFilter("TOCLOUD/+/gateway-0001") },
            Operation("topic filter, match one name") { filter.matches(name) },
        ]
    }
}
