import MQTTWire
import RandomSupport

extension Schedule {
    /// The schedule of a seed.
    init(seed: UInt64) {
        var generator = Generator(random: SeededGenerator(seed: seed))
        self = generator.schedule(seed: seed)
    }
}

/// Draws schedules that keep clients connected for most of the time, on few topics, so that much happens between them.
private struct Generator {
    private static let topics = ["a/b", "a/c", "b/x", "s/1", "s/2"]
    private static let filters = ["a/b", "a/c", "b/x", "a/+", "+/b", "a/#", "#", "+/x", "+/+", "s/1"]
    private static let sharedFilters = ["$share/g/s/+", "$share/g/s/1", "$share/h/a/+", "$share/g/#"]

    var random: SeededGenerator
    private var number = 0
    private var connected: [Int: ConnectChoice] = [:]
    private var isStalled = false
    private var waits = 0

    init(random: SeededGenerator) { self.random = random }

    mutating func schedule(seed: UInt64) -> Schedule {
        var schedule = Schedule(
            seed: seed, loops: Int.random(in: 1...3, using: &random), clients: Int.random(in: 3...5, using: &random),
            isStored: chance(0.5), steps: [])
        for client in 0..<schedule.clients {
            schedule.steps.append(connect(client))
            if chance(0.7) { schedule.steps.append(subscribe(client)) }
        }
        for _ in 0..<Int.random(in: 30...80, using: &random) { schedule.steps.append(step(schedule)) }
        return schedule
    }

    private mutating func step(_ schedule: Schedule) -> Step {
        let client = Int.random(in: 0..<schedule.clients, using: &random)
        if isStalled, chance(0.2) {
            (isStalled, connected) = (false, [:])
            return .crash
        }
        if !isStalled, connected[client] == nil, chance(0.7) { return connect(client) }
        switch Int.random(in: 0..<100, using: &random) {
        case ..<45: return publish(client)
        case ..<56: return subscribe(client)
        case ..<60: return .unsubscribe(client, [filter(client)])
        case ..<67: return .settle
        case ..<72: return .hold(client)
        case ..<78: return .release(client)
        case ..<84:
            connected[client] = nil
            return .drop(client)
        case ..<88:
            let isNew = connected[client]?.version.hasProperties ?? false
            let keepsWill = isNew && chance(0.3)
            // A session that ends with its connection cannot be made to stay.
            let expiry: UInt32? = isNew && (connected[client]?.expiry ?? 0) > 0 && chance(0.4) ? pick([0, 3600]) : nil
            connected[client] = nil
            return .disconnect(client, expiry: expiry, keepsWill: keepsWill)
        case ..<95: return connect(client)
        case ..<97 where schedule.isStored:
            isStalled = true
            return .stall
        case ..<99:
            connected = [:]
            return schedule.isStored && chance(0.6) ? .crash : .restart
        default:
            guard waits < 1 else { return .settle }
            waits += 1
            return .wait(milliseconds: 1700)
        }
    }

    private mutating func connect(_ client: Int) -> Step {
        var choice = ConnectChoice(
            version: chance(0.7) ? .v5_0 : .v3_1_1, cleanStart: chance(0.25), expiry: pick([0, 3600, 3600, 3600, 1]))
        if choice.version.hasProperties {
            if chance(0.4) { choice.receiveMaximum = UInt16.random(in: 1...3, using: &random) }
            if chance(0.4) { choice.aliases = UInt16.random(in: 1...3, using: &random) }
        }
        if chance(0.4) {
            choice.will = WillChoice(
                number: nextNumber(), topic: pick(Self.topics), qos: qos(), retain: chance(0.3),
                delay: choice.version.hasProperties ? pick([0, 0, 1, 1000]) : 0)
        }
        connected[client] = choice
        return .connect(client, choice)
    }

    private mutating func subscribe(_ client: Int) -> Step {
        let isNew = connected[client]?.version.hasProperties ?? false
        var choices: [SubscriptionChoice] = []
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let filter = filter(client)
            guard !choices.contains(where: { $0.filter == filter }) else { continue }
            var options = SubscriptionOptions(qos())
            if isNew {
                options.noLocal = !filter.hasPrefix("$share") && chance(0.2)
                options.retainAsPublished = chance(0.4)
                options.retainHandling = pick([.sendAtSubscribe, .sendAtSubscribe, .sendIfNew, .doNotSend])
            }
            choices.append(SubscriptionChoice(filter: filter, options: options))
        }
        let identifier = isNew && chance(0.5) ? Int.random(in: 1...4, using: &random) : nil
        return .subscribe(client, choices, identifier: identifier)
    }

    private mutating func publish(_ client: Int) -> Step {
        let retain = chance(0.25)
        return .publish(
            client,
            PublishChoice(
                number: nextNumber(), topic: pick(Self.topics), qos: qos(), retain: retain,
                isEmpty: retain && chance(0.25),
                usesAlias: chance(0.3)))
    }

    private mutating func filter(_ client: Int) -> String {
        let mayShare = connected[client]?.version.hasSharedSubscriptions ?? false
        return mayShare && chance(0.3) ? pick(Self.sharedFilters) : pick(Self.filters)
    }

    private mutating func nextNumber() -> Int {
        number += 1
        return number
    }

    private mutating func qos() -> QoS { pick([.atMostOnce, .atLeastOnce, .atLeastOnce, .exactlyOnce, .exactlyOnce]) }
    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }
}
