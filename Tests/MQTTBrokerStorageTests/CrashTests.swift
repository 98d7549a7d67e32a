import Glibc
import MQTTWire
import Testing

/// What was acknowledged is there after a kill -9 of the broker.
struct CrashTests {
    private let site = Site()

    @Test func subscriptionsStayAsTheyWere() async throws {
        try await site.start()
        do {
            let subscriber = try site.client("s")
            try subscriber.subscribe("a/+", qos: .exactlyOnce, identifier: 7)
            try subscriber.subscribe(
                "own", options: SubscriptionOptions(.atLeastOnce, noLocal: true, retainAsPublished: true))
            try subscriber.subscribe("gone")
            try subscriber.subscribe("$share/group/work")
            try subscriber.send(
                .unsubscribe(Unsubscribe(packetID: try PacketID(9), filters: [try TopicFilter("gone")])))
            guard case .unsuback = try subscriber.next() else { throw Peer.Trouble(description: "no UNSUBACK") }
        }
        try await site.crash()
        let subscriber = try Peer(port: site.port, version: .v5_0)
        let connack = try subscriber.connect("s", cleanStart: false, properties: [.sessionExpiryInterval(60)])
        #expect(connack.sessionPresent)
        try site.publish("gone", "no")
        try subscriber.publish("own", "mine", qos: .atLeastOnce, packetID: 3)
        _ = try subscriber.nextPuback()
        try site.publish("a/b", "yes")
        let first = try subscriber.nextPublish()
        #expect(first.text == "yes" && first.head.properties.subscriptionIdentifier == 7)
        try site.publish("own", "theirs", retain: true)
        let second = try subscriber.nextPublish()
        #expect(second.text == "theirs" && second.head.flags.retain)
        try site.publish("work", "shared")
        #expect(try subscriber.nextPublish().text == "shared")
    }

    @Test func everyStageGoesOnWhereItWas() async throws {
        try await site.start()
        var sent: [PacketID?] = []
        var released: PacketID?
        do {
            let subscriber = try site.client("s", properties: [.receiveMaximum(3)])
            try subscriber.subscribe("t/#", qos: .exactlyOnce)
            let publisher = try site.client("p")
            try publisher.publish("t/2", "released", qos: .exactlyOnce, packetID: 5)
            #expect(try publisher.next() == .pubrec(Pubrec(packetID: try PacketID(5))))
            released = try subscriber.nextPublish().head.packetID
            try subscriber.send(.pubrec(Pubrec(packetID: try #require(released))))
            #expect(try subscriber.next() == .pubrel(Pubrel(packetID: try #require(released))))
            try publisher.publishAcknowledged("t/1", "sent 1")
            sent.append(try subscriber.nextPublish().head.packetID)
            try publisher.publish("t/2", "sent 2", qos: .exactlyOnce, packetID: 6)
            #expect(try publisher.next() == .pubrec(Pubrec(packetID: try PacketID(6))))
            try publisher.send(.pubrel(Pubrel(packetID: try PacketID(6))))
            #expect(try publisher.next() == .pubcomp(Pubcomp(packetID: try PacketID(6))))
            sent.append(try subscriber.nextPublish().head.packetID)
            try publisher.publishAcknowledged("t/1", "queued")
        }
        try await site.crash()
        // Of what has no PUBREL, the publisher may send a copy, which is none.
        let publisher = try site.client("p")
        try publisher.publish("t/2", "released", qos: .exactlyOnce, packetID: 5, isDuplicate: true)
        #expect(try publisher.next() == .pubrec(Pubrec(packetID: try PacketID(5))))
        try publisher.send(.pubrel(Pubrel(packetID: try PacketID(5))))
        #expect(try publisher.next() == .pubcomp(Pubcomp(packetID: try PacketID(5))))
        let subscriber = try site.client("s", properties: [.receiveMaximum(3)])
        #expect(try subscriber.next() == .pubrel(Pubrel(packetID: try #require(released))))
        for (packetID, text) in zip(sent, ["sent 1", "sent 2"]) {
            let publish = try subscriber.nextPublish()
            #expect(publish.head.packetID == packetID && publish.text == text && publish.head.flags.isDuplicate)
        }
        #expect(try subscriber.isSilent())
        try subscriber.send(.pubcomp(Pubcomp(packetID: try #require(released))))
        let queued = try subscriber.nextPublish()
        #expect(queued.text == "queued" && !queued.head.flags.isDuplicate)
        #expect(try subscriber.isSilent())
    }

    @Test func whatIsQueuedKeepsItsOrder() async throws {
        try await site.start()
        try site.client("s").subscribe("t")
        for first in stride(from: 0, to: 30, by: 3) {
            try site.publish("t", "\(first)", "\(first + 1)", "\(first + 2)")
            if first % 9 == 0 { try await site.crash() }
        }
        try await site.crash()
        let subscriber = try site.client("s")
        for number in 0..<30 {
            let publish = try subscriber.nextPublish()
            #expect(publish.text == "\(number)")
            try subscriber.acknowledge(publish)
        }
        try subscriber.ping()
        try await site.stop()
        try await site.start()
        #expect(try site.client("s").isSilent())
    }

    @Test func anEmptyMessageIsKeptLikeAnyOther() async throws {
        try await site.start()
        try site.client("s").subscribe("t")
        try site.publish("t", "", retain: true)
        try await site.crash()
        let publish = try site.client("s").nextPublish()
        #expect(publish.topicText == "t" && publish.payload.isEmpty)
    }

    @Test func retainedMessagesStayAndClearedOnesDoNot() async throws {
        try await site.start()
        try site.publish("kept", "old", "new", retain: true)
        try site.publish("cleared", "x", "", retain: true)
        try await site.crash()
        let subscriber = try site.client("s", expiry: 0)
        try subscriber.subscribe("#")
        let retained = try subscriber.nextPublish()
        #expect(retained.topicText == "kept" && retained.text == "new" && retained.head.flags.retain)
        #expect(try subscriber.isSilent())
    }

    @Test func aWillIsPublishedOnce() async throws {
        try await site.start()
        try site.client("s").subscribe("will/#")
        let now = Will(topic: try TopicName("will/now"), payload: [UInt8]("now".utf8), qos: .atLeastOnce)
        let later = Will(
            topic: try TopicName("will/later"), payload: [UInt8]("later".utf8), qos: .atLeastOnce,
            properties: try Properties([.willDelayInterval(2)]))
        do {
            let (first, second) = (try site.client("first", will: now), try site.client("second", will: later))
            try await site.crash()
            _ = (first, second)
        }
        let subscriber = try site.client("s")
        var texts: [String] = []
        for _ in 0..<2 {
            let publish = try subscriber.nextPublish()
            texts.append(publish.text)
            try subscriber.acknowledge(publish)
        }
        #expect(texts == ["now", "later"])
        try subscriber.ping()
        // A PUBACK that came right before a crash may be forgotten; one before an orderly end is not.
        try await site.stop()
        try await site.start()
        try await site.crash()
        #expect(try site.client("s").isSilent(for: 500))
    }

    @Test("MQTT-3.1.2-7, MQTT-3.1.2-8: a client needs no session that stays for its will to be published after a crash")
    func aWillNeedsNoSession() async throws {
        try await site.start()
        try site.client("s").subscribe("will")
        let will = Will(topic: try TopicName("will"), payload: [1], qos: .atLeastOnce, retain: true)
        do {
            let client = try site.client("dying", expiry: 0, will: will)
            try await site.crash()
            _ = client
        }
        let subscriber = try site.client("s")
        let publish = try subscriber.nextPublish()
        #expect(publish.payload == [1])
        try subscriber.acknowledge(publish)
        try subscriber.ping()
        try await site.stop()
        try await site.start()
        #expect(try site.client("s").isSilent(for: 500))
        let next = try Peer(port: site.port, version: .v5_0)
        #expect(try !next.connect("dying", cleanStart: false).sessionPresent)
    }

    @Test func timesGoOnAfterwards() async throws {
        try await site.start()
        try site.client("short", expiry: 2).subscribe("t")
        try site.client("long").subscribe("t")
        try site.publish("t", "short-lived", properties: [.messageExpiryInterval(2)])
        try site.publish("t", "long-lived", properties: [.messageExpiryInterval(100)])
        try await site.stop()
        try await site.start()
        sleep(3)
        let short = try Peer(port: site.port, version: .v5_0)
        #expect(try !short.connect("short", cleanStart: false).sessionPresent)
        let publish = try site.client("long").nextPublish()
        #expect(publish.text == "long-lived")
        #expect(1...97 ~= publish.head.properties.messageExpiryInterval ?? 0)
    }

    @Test func aPayloadIsStoredOnce() async throws {
        try await site.start()
        for number in 0..<100 { try site.client("s\(number)").subscribe("t") }
        let publisher = try site.client("p")
        try publisher.publish("t", bytes: Array(repeating: 0x55, count: 1 << 20), qos: .atLeastOnce)
        _ = try publisher.nextPuback()
        // A copy for each would be 100 MiB; the log has the changes of a hundred sessions too.
        #expect(site.folder.size < 8 << 20)
        try await site.crash()
        for number in [0, 99] { #expect(try site.client("s\(number)").nextPublish().payload.count == 1 << 20) }
    }

    @Test func withoutPersistentSessionsNothingIsWritten() async throws {
        try await site.start()
        let before = site.folder.contents
        let subscriber = try site.client("s", expiry: 0)
        try subscriber.subscribe("t", qos: .exactlyOnce)
        let publisher = try site.client("p", expiry: 0)
        for _ in 0..<10 { try publisher.publishAcknowledged("t", "x") }
        for _ in 0..<10 { _ = try subscriber.nextPublish() }
        subscriber.drop()
        try publisher.ping()
        #expect(site.folder.contents == before)
    }

    @Test func aFullDiskIsNotLiedAbout() async throws {
        // The log of SQLite may have 256 KiB.
        try await site.start(fileBlocks: 512)
        try site.client("s").subscribe("t")
        let publisher = try site.client("p", expiry: 0)
        var acknowledged = 0
        var refusal: ReasonCode?
        for number in 1...40 where refusal == nil {
            try publisher.publish("t", bytes: Array(repeating: UInt8(number), count: 20_000), qos: .atLeastOnce)
            // One that is under way when the disk turns out to be full is not answered.
            if try publisher.isSilent(for: 1500) { break }
            let code = try publisher.nextPuback().reasonCode
            if code == .success { acknowledged += 1 } else { refusal = code }
        }
        #expect(acknowledged < 40)
        // On a connection of its own: answers come in the order of the PUBLISHes.
        let refused = try site.client("refused", expiry: 0)
        #expect(try refused.publishAcknowledged("t", "x") == .quotaExceeded)
        // Whom a new session would be promised is told to come again.
        let stranger = try Peer(port: site.port, version: .v5_0)
        let answer = try stranger.connectAnswer("new", properties: [.sessionExpiryInterval(60)])
        #expect(answer.reasonCode == .serverUnavailable)
        try await site.crash()
        let subscriber = try site.client("s")
        for number in 1...acknowledged {
            let publish = try subscriber.nextPublish()
            #expect(publish.payload.first == UInt8(number))
            try subscriber.acknowledge(publish)
        }
    }
}
