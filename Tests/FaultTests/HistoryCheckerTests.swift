import Testing

/// The checker finds each kind of violation once it is planted, and nothing where all is well.
@Suite("The checker of histories")
struct HistoryCheckerTests {
    private static let facts: [(String, Fact)] = [
        ("gw", .statusSent(version: 100)),
        ("gw", .statusAcknowledged(version: 100)),
        ("gw", .sessionBegun),
        ("gw", .cameAgain(hasSession: true)),
        ("uploader", .releaseOffered(version: 101, digest: 7)),
        ("uploader", .releaseAdded(version: 101)),
        ("clerk", .companyOffered(id: "50")),
        ("clerk", .companyAdded(id: "50")),
        ("clerk", .userOffered(name: "ann")),
        ("clerk", .userAdded(name: "ann")),
        ("visitor", .tokenOffered(name: "token 1")),
        ("visitor", .tokenAdded(name: "token 1")),
        ("orderer", .ordering(gateway: "gw", version: 101)),
        ("orderer", .ordered(deployment: 1, gateway: "gw", version: 101)),
        ("gw", .executableReceived(version: 101, digest: 7)),
        ("gw", .statusSent(version: 101)),
        ("gw", .statusAcknowledged(version: 101)),
        ("watcher", .confirmationSeen(gateway: "gw", version: 101)),
    ]

    private static var record: StoredRecord {
        var record = StoredRecord()
        record.companies = ["1", "50"]
        record.users = ["super@gushenxing.com", "ann"]
        record.tokens = ["token 1"]
        record.sessions = ["gw"]
        record.gateways = [("gw", 101)]
        record.upgrades = [.init(deployment: 1, gateway: "gw", version: 101, state: "confirmed")]
        record.releases = [(101, 7)]
        return record
    }

    private func violations(
        _ facts: [(String, Fact)] = facts, _ change: (inout StoredRecord) -> Void = { _ in }
    ) -> [String] {
        var record = Self.record
        change(&record)
        let entries = facts.enumerated().map { Entry(time: UInt64($0.offset), party: $0.element.0, fact: $0.element.1) }
        return HistoryChecker(entries: entries, record: record).violations().map(\.description)
    }

    @Test("Where all is well it finds nothing, and counts what was promised")
    func nothing() {
        #expect(violations().isEmpty)
        let entries = Self.facts.map { Entry(time: 0, party: $0.0, fact: $0.1) }
        let promises = HistoryChecker(entries: entries, record: Self.record).promises
        #expect(Set(promises.keys) == Set(Promise.allCases))
        #expect(promises[.report] == 2)
    }

    @Test("What was acknowledged and is not there is lost")
    func lost() {
        #expect(violations { $0.companies = ["1"] } == ["lost: company 50"])
        #expect(violations { $0.users = ["super@gushenxing.com"] } == ["lost: user ann"])
        #expect(violations { $0.tokens = [] } == ["lost: token token 1"])
        let refused = Self.facts + [("visitor", .tokenRefused(name: "token 1"))]
        #expect(violations(refused) == ["lost: token token 1, which was not taken"])
        #expect(violations { $0.sessions = [] } == ["lost: session of gw"])
        let forgotten = Self.facts + [("gw", .cameAgain(hasSession: false))]
        #expect(violations(forgotten) == ["lost: session of gw, when it came again"])
        #expect(violations { $0.gateways = [] } == ["lost: gateway gw"])
        #expect(
            violations { $0.gateways = [("gw", nil)] } == ["lost: gateway gw is at nothing, and 101 was acknowledged"])
        #expect(violations { $0.releases = [] } == ["lost: release 101"])
        #expect(violations { $0.releases = [(101, 8)] } == ["lost: release 101: its file is not what was uploaded"])
        #expect(violations { $0.releases = [(101, nil)] } == ["lost: release 101: its file is gone"])
        #expect(
            violations { $0.upgrades = [] }
                == ["lost: order 1 of 101 for gw", "lost: confirmation of 101 at gw"])
        #expect(violations { $0.upgrades[0].state = "timedOut" } == ["lost: confirmation of 101 at gw"])
    }

    @Test("A version of a report that was not acknowledged may be there, or not")
    func unacknowledged() {
        let sent = Self.facts + [("gw", .statusSent(version: 102))]
        #expect(violations(sent).isEmpty)
        #expect(violations(sent) { $0.gateways = [("gw", 102)] }.isEmpty)
    }

    @Test("An older version in place of the acknowledged one is out of order")
    func outOfOrder() {
        #expect(
            violations { $0.gateways = [("gw", 100)] }
                == ["outOfOrder: gateway gw is at 100, and 101 was acknowledged"])
    }

    @Test("An executable that was not ordered, or not yet, or has other bytes, is misdelivered")
    func misdelivered() {
        let stray = Self.facts + [("other", .executableReceived(version: 101, digest: 7))]
        #expect(violations(stray) == ["misdelivered: 101 at gateway other, which nobody ordered"])
        let early = [("gw", Fact.executableReceived(version: 101, digest: 7))] + Self.facts
        #expect(
            violations(early) == [
                "misdelivered: 101 at gateway gw, which nobody ordered",
                "misdelivered: 101 at gateway gw, with other bytes than were uploaded",
            ])
        let wrong = Self.facts + [("gw", .executableReceived(version: 101, digest: 8))]
        #expect(violations(wrong) == ["misdelivered: 101 at gateway gw, with other bytes than were uploaded"])
    }

    @Test("Two of what may be there once are duplicates")
    func duplicated() {
        #expect(violations { $0.companies.append("50") } == ["duplicated: company 50"])
        #expect(violations { $0.users.append("ann") } == ["duplicated: user ann"])
        #expect(violations { $0.sessions.append("gw") } == ["duplicated: session of gw"])
        #expect(violations { $0.gateways.append(("gw", 101)) } == ["duplicated: gateway gw"])
        let twice = Self.facts + [("orderer", .ordering(gateway: "gw", version: 102))]
        let pending = [2, 3].map { StoredRecord.Upgrade(deployment: $0, gateway: "gw", version: 102, state: "pending") }
        #expect(violations(twice) { $0.upgrades += pending }.contains("duplicated: live upgrade of gw"))
    }

    @Test("What nobody asked for is invented")
    func invented() {
        #expect(violations { $0.companies.append("51") } == ["invented: company 51"])
        #expect(violations { $0.users.append("bob") } == ["invented: user bob"])
        #expect(violations { $0.tokens.append("token 2") } == ["invented: token token 2"])
        #expect(violations { $0.gateways.append(("gw2", 100)) } == ["invented: gateway gw2"])
        #expect(
            violations { $0.gateways = [("gw", 105)] }
                == ["invented: gateway gw is at 105, and 101 was acknowledged"])
        #expect(violations { $0.releases.append((102, 9)) } == ["invented: release 102"])
        let stray = StoredRecord.Upgrade(deployment: 2, gateway: "gw", version: 102, state: "cancelled")
        #expect(violations { $0.upgrades.append(stray) } == ["invented: order 2 of 102 for gw"])
    }

    @Test("An upgrade that is still pending in the end is endless")
    func endless() {
        let more = Self.facts + [("orderer", .ordering(gateway: "gw", version: 102))]
        let pending = StoredRecord.Upgrade(deployment: 2, gateway: "gw", version: 102, state: "pending")
        #expect(violations(more) { $0.upgrades.append(pending) } == ["endless: order 2 of 102 for gw is pending"])
    }
}
