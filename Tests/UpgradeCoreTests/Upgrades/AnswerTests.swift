import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Flows 3 and 5: what gateways are told about versions.
@Suite("Engine: answers and announcements") struct AnswerTests {
    private func requests(_ fixture: EngineFixture, _ gateway: GatewayID, _ connection: ConnectionID) -> [LinkEvent] {
        [.requestLatestVersion, .requestAvailableVersions].map {
            // One space, as field gateways send it.
            .message(fixture.message($0, [0x20], from: gateway, connection))
        }
    }

    @Test("Requests are answered to the inquirer alone, versions as numbers, the newest first")
    func answers() async throws {
        try await withEngine { fixture in
            for version in ["1.0", "1.2", "1.1"] as [Version] { try await fixture.addRelease(version) }
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            _ = fixture.link.takeMessages()
            try await fixture.tell(requests(fixture, "gw1", connection))
            let messages = fixture.link.takeMessages()
            #expect(messages.map(\.topic) == ["TOGATEWAY/LATEST_VERSION/gw1", "TOGATEWAY/AVAILABLE_VERSIONS/gw1"])
            #expect(messages.map(\.body) == [#"{"version":1.2}"#, #"{"versions":[1.2,1.1,1]}"#])
        }
    }

    @Test("Without a release there is no LATEST_VERSION, and an empty list")
    func noRelease() async throws {
        try await withEngine { fixture in
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.tell(requests(fixture, "gw1", connection))
            #expect(fixture.link.takeMessages().map(\.body) == [#"{"versions":[]}"#])
        }
    }

    @Test("--wire-versions text sends versions as strings")
    func textVersions() async throws {
        try await withEngine(EngineConfiguration(wireVersions: .text)) { fixture in
            try await fixture.addRelease("1.2")
            #expect(fixture.link.takeMessages().map(\.body) == [#"{"version":"1.2"}"#, #"{"versions":["1.2"]}"#])
        }
    }

    @Test("An answer that finds no subscriber is held until its topic is subscribed, the newest of a topic alone")
    func held() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.0")
            _ = fixture.link.takeMessages()
            let connection = try await fixture.connect("gw1", reporting: "0.5", subscribing: false)
            try await fixture.tell(requests(fixture, "gw1", connection))
            try await fixture.addRelease("1.2")
            try await fixture.tell(requests(fixture, "gw1", connection))
            _ = fixture.link.takeMessages()

            try await fixture.tell([.subscribed("gw1", connection, .toGateway(.latestVersion, nil))])
            #expect(fixture.link.takeMessages().isEmpty, "the answer goes to the topic with the id")
            try await fixture.tell([.subscribed("gw1", connection, .toGateway(.latestVersion, "gw1"))])
            #expect(fixture.link.takeMessages().map(\.body) == [#"{"version":1.2}"#])
            try await fixture.tell([.subscribed("gw1", connection, .toGateway(.availableVersions, "gw1"))])
            #expect(fixture.link.takeMessages().map(\.body) == [#"{"versions":[1.2,1]}"#])
        }
    }

    @Test("What is held goes after 30 seconds, and with the connection")
    func heldNoLonger() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.0")
            _ = fixture.link.takeMessages()
            var connection = try await fixture.connect("gw1", reporting: "0.5", subscribing: false)
            try await fixture.tell(requests(fixture, "gw1", connection))
            try await fixture.advance(by: .seconds(30))
            try await fixture.tell([.subscribed("gw1", connection, .toGateway(.latestVersion, "gw1"))])
            #expect(fixture.link.takeMessages().isEmpty)

            try await fixture.tell(requests(fixture, "gw1", connection))
            _ = fixture.link.takeMessages()
            try await fixture.disconnect("gw1", connection)
            connection = try await fixture.connect("gw1")
            #expect(fixture.link.takeMessages().isEmpty)
        }
    }

    @Test("A new release is announced to all; one that goes changes the list alone; one that is back is news again")
    func announcements() async throws {
        try await withEngine { fixture in
            let release = try await fixture.addRelease("1.2")
            var messages = fixture.link.takeMessages()
            #expect(messages.map(\.topic) == ["TOGATEWAY/LATEST_VERSION", "TOGATEWAY/AVAILABLE_VERSIONS"])
            for state in [.changed, .available, .removed, .available] as [Release.State] {
                try await fixture.setState(state, of: release)
                messages = fixture.link.takeMessages()
                #expect(messages.last?.body == (state == .available ? #"{"versions":[1.2]}"# : #"{"versions":[]}"#))
                #expect(messages.count == (state == .available ? 2 : 1))
            }
            try await fixture.releasesChanged()
            #expect(fixture.link.takeMessages().isEmpty, "nothing changed, nothing is said")
        }
    }

    @Test("A disabled gateway gets no answer")
    func disabled() async throws {
        try await withEngine { fixture in
            try await fixture.addRelease("1.2")
            let connection = try await fixture.connect("gw1", reporting: "0.5")
            try await fixture.setEnabled(false, "gw1")
            #expect(fixture.link.takeClosed() == [connection])
            _ = fixture.link.takeMessages()
            try await fixture.tell(requests(fixture, "gw1", connection))
            #expect(fixture.link.takeMessages().isEmpty)
        }
    }
}
