import Testing
import UpgradeProtocol

@Suite struct TopicTests {
    @Test(arguments: try Vectors.load().topics.accepted)
    func readsAndWritesNames(vector: Vectors.Topics.Accepted) throws {
        let topic = try Topic(parsing: vector.name)
        #expect(topic.name == vector.name)
        switch topic {
        case .toGateway(let verb, let gateway):
            #expect(vector.direction == "TOGATEWAY")
            #expect(verb.rawValue == vector.verb)
            #expect(gateway?.rawValue == vector.gatewayId)
        case .toCloud(let verb, let gateway):
            #expect(vector.direction == "TOCLOUD")
            #expect(verb.rawValue == vector.verb)
            #expect(gateway.rawValue == vector.gatewayId)
        }
    }

    @Test(arguments: try Vectors.load().topics.refused)
    func refusesOtherNames(vector: Vectors.Topics.Refused) throws {
        let error = try #require(throws: TopicError.self) { try Topic(parsing: vector.name) }
        #expect(error.ruleName == vector.rule)
        #expect(error.name == vector.name)
        #expect(!error.description.contains("\n"))
    }

    @Test func aGatewaySubscribesToEightTopics() throws {
        let names = Topic.subscriptions(of: try GatewayID("gw2")).map(\.name)
        #expect(
            Set(names) == [
                "TOGATEWAY/UPGRADE", "TOGATEWAY/UPGRADE/gw2", "TOGATEWAY/LATEST_VERSION",
                "TOGATEWAY/LATEST_VERSION/gw2",
                "TOGATEWAY/AVAILABLE_VERSIONS", "TOGATEWAY/AVAILABLE_VERSIONS/gw2", "TOGATEWAY/DOWNLOAD_UPGRADE",
                "TOGATEWAY/DOWNLOAD_UPGRADE/gw2",
            ])
        #expect(names.count == 8)
    }

    @Test func theCloudListensToEveryVerbOfAGateway() {
        #expect(
            Set(Topic.cloudFilters) == [
                "TOCLOUD/STATUS/+", "TOCLOUD/REQUEST_LATEST_VERSION/+", "TOCLOUD/REQUEST_AVAILABLE_VERSIONS/+",
                "TOCLOUD/REQUEST_UPGRADE/+",
            ])
    }
}
