import MQTTWire
import Testing

/// The checker finds what is put into a log that is right.
@Suite(.serialized) struct CheckerTests {
    private static let schedule = Schedule(
        seed: 0,
        steps: [
            .connect(0, ConnectChoice(expiry: 3600)),
            .connect(1, ConnectChoice(cleanStart: false, expiry: 3600, receiveMaximum: 1)),
            .connect(2, ConnectChoice(version: .v3_1_1)),
            .publish(0, PublishChoice(number: 1, topic: "a/c", qos: .atLeastOnce, retain: true)),
            .settle,
            .subscribe(
                1, [SubscriptionChoice(filter: "a/+", options: SubscriptionOptions(.exactlyOnce))], identifier: 3),
            .settle,
            .publish(0, PublishChoice(number: 2, topic: "a/b", qos: .exactlyOnce)),
            .publish(0, PublishChoice(number: 3, topic: "a/b", qos: .exactlyOnce)),
            .publish(0, PublishChoice(number: 4, topic: "a/b", qos: .atLeastOnce)),
            .publish(0, PublishChoice(number: 5, topic: "b/x", qos: .atLeastOnce)),
            .publish(0, PublishChoice(number: 6, topic: "a/b", qos: .atMostOnce)),
            .settle,
            .drop(1),
            .publish(0, PublishChoice(number: 7, topic: "a/b", qos: .atLeastOnce)),
            .settle,
            .connect(1, ConnectChoice(cleanStart: false, expiry: 3600)),
        ])

    private func violations(_ change: (inout [Entry]) -> Void) async throws -> Set<Violation.Kind> {
        var log = await World.run(Self.schedule)
        try #require(Checker.check(log).isEmpty)
        change(&log)
        return Set(Checker.check(log).map(\.kind))
    }

    /// Changes the first PUBLISH that carries the message.
    private func changing(_ number: Int, _ change: @escaping (inout Receipt) -> Void) -> (inout [Entry]) -> Void {
        { log in
            for index in log.indices {
                guard case .received(let connection, var receipt) = log[index].event, receipt.number == number else {
                    continue
                }
                change(&receipt)
                log[index].event = .received(connection, receipt)
                return
            }
        }
    }

    private func place(of number: Int, in log: [Entry]) -> Int? {
        log.firstIndex { if case .received(_, let receipt) = $0.event { receipt.number == number } else { false } }
    }

    @Test("A message that is missing, at each QoS, for an absent client, or retained", arguments: [1, 2, 3, 4, 6, 7])
    func lost(number: Int) async throws {
        let found = try await violations { log in
            if let place = place(of: number, in: log) { log.remove(at: place) }
        }
        #expect(found == [.lost])
    }

    @Test("A message that comes twice, at each QoS, or retained", arguments: [1, 2, 4, 6])
    func duplicated(number: Int) async throws {
        let found = try await violations { log in
            guard let place = place(of: number, in: log), case .received(let connection, var receipt) = log[place].event
            else { return }
            // As if under another packet id, which was free.
            receipt.packetID = nil
            log.insert(Entry(at: log[place].at, event: .received(connection, receipt)), at: place + 1)
        }
        #expect(found == [.duplicated])
    }

    @Test("Two messages of a publisher that change places")
    func misordered() async throws {
        let found = try await violations { log in
            guard let first = place(of: 2, in: log),
                case .received(let connection, var receipt) = log.remove(at: first).event,
                let second = place(of: 3, in: log)
            else { return }
            receipt.packetID = nil
            log.insert(Entry(at: log[second].at, event: .received(connection, receipt)), at: second + 1)
        }
        #expect(found == [.misordered])
    }

    @Test("A message that nobody published, or on another topic, or not yet")
    func invented() async throws {
        #expect(try await violations(changing(2) { $0.number = 77 }).contains(.invented))
        #expect(try await violations(changing(2) { $0.topic = "a/z" }).contains(.invented))
        #expect(try await violations(changing(2) { $0.number = 7 }).contains(.invented))
        #expect(try await violations(changing(2) { $0.isWhole = false }).contains(.damaged))
    }

    @Test("A message without a subscription")
    func unsubscribed() async throws {
        let found = try await violations(
            changing(7) {
                $0.number = 5
                $0.topic = "b/x"
            })
        #expect(found.contains(.unsubscribed))
    }

    @Test("A higher QoS, a lower one, and another than the publication's")
    func wrongQoS() async throws {
        #expect(try await violations(changing(2) { $0.qos = .atMostOnce }) == [.wrongQoS])
        #expect(try await violations(changing(4) { $0.qos = .exactlyOnce }) == [.wrongQoS])
    }

    @Test("RETAIN on what is not retained, and none on what is")
    func wrongRetain() async throws {
        #expect(try await violations(changing(2) { $0.retain = true }) == [.wrongRetain])
        #expect(try await violations(changing(1) { $0.retain = false }).contains(.lost))
    }

    @Test("The identifier of no subscription, and none")
    func wrongIdentifiers() async throws {
        #expect(try await violations(changing(2) { $0.identifiers = [9] }) == [.wrongIdentifiers])
        #expect(try await violations(changing(2) { $0.identifiers = [] }) == [.wrongIdentifiers])
    }

    @Test("Session Present the other way round, each time")
    func wrongSessionPresent() async throws {
        for number in 0..<4 {
            let found = try await violations { log in
                let grants = log.indices.filter { if case .granted = log[$0].event { true } else { false } }
                guard case .granted(let connection, let isPresent) = log[grants[number]].event else { return }
                log[grants[number]].event = .granted(connection, sessionPresent: !isPresent)
            }
            #expect(found.contains(.wrongSessionPresent))
        }
    }

    @Test("DUP on a first connection, more than the Receive Maximum, a broker that hangs up")
    func connections() async throws {
        #expect(try await violations(changing(2) { $0.isDuplicate = true }).contains(.wrongDuplicate))
        let unanswered = try await violations { log in
            log.removeAll { if case .answered = $0.event { true } else { false } }
        }
        #expect(unanswered == [.tooManyInFlight])
        let closed = try await violations { log in log.append(Entry(at: .zero, event: .closed(1, .broker(nil)))) }
        #expect(closed.contains(.disconnected))
    }
}

/// The shrinker leaves what it takes.
@Suite(.serialized) struct ShrinkerTests {
    @Test("Three steps of eighty that fail together")
    func pure() async {
        let schedule = Schedule(seed: 0, steps: (1...80).map { .wait(milliseconds: $0) })
        let wanted = [7, 8, 61].map { Step.wait(milliseconds: $0) }
        let shrunk = await Shrinker.shrink(schedule) { candidate in wanted.allSatisfy(candidate.steps.contains) }
        #expect(shrunk.steps == wanted)
    }

    @Test("A broker that loses retained messages: who publishes one, who subscribes to it, and when")
    func real() async throws {
        let fails: (Schedule) async -> Bool = { candidate in
            let log = await World.run(candidate, spoil: { $0.retain ? nil : $0 })
            return Checker.check(log).contains { $0.kind == .lost }
        }
        for seed in 1...50 {
            var schedule = Schedule(seed: UInt64(seed))
            // Time that only passes would make this a slow test.
            schedule.steps.removeAll { if case .wait = $0 { true } else { false } }
            guard await fails(schedule) else { continue }
            let shrunk = await Shrinker.shrink(schedule, fails: fails)
            #expect(shrunk.steps.count <= 8, "\(shrunk.report(of: []))")
            return
        }
        Issue.record("no seed has a retained message that must come")
    }
}
