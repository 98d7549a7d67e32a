import MQTTWire

/// Compares what clients received with what the specifications allow. Where things happened at once, more than one outcome is right.
struct Checker {
    /// A PUBLISH that a session got.
    struct Copy {
        let index: Int
        let connection: Int
        let receipt: Receipt
    }

    let history: History
    private(set) var violations: [Violation]
    /// The copies of each message, by session, without those that are sent again.
    private var copies: [[Int: [Copy]]]

    static func check(_ log: [Entry]) -> [Violation] {
        var checker = Checker(History(log))
        checker.run()
        return checker.violations
    }

    private init(_ history: History) {
        self.history = history
        violations = history.violations
        copies = Array(repeating: [:], count: history.sessions.count)
    }

    private mutating func report(_ kind: Violation.Kind, _ text: String) {
        violations.append(Violation(kind: kind, text: text))
    }

    private mutating func run() {
        collect()
        checkInFlight()
        for (position, session) in history.sessions.enumerated() {
            for message in history.messages.values.sorted(by: { $0.number < $1.number }) where !message.choice.isEmpty {
                let expected = Expectation(of: message, session, history)
                check(copies[position][message.number] ?? [], expected)
            }
            checkOrder(session, copies[position])
            for retained in RetainedExpectation.all(of: session, history) {
                check(retained, session, copies[position][retained.message.number] ?? [])
            }
        }
        checkShares()
    }

    // MARK: What came

    private mutating func collect() {
        for (index, entry) in history.log.enumerated() {
            guard case .received(let connection, let receipt) = entry.event,
                let position = history.connections[connection]?.session
            else { continue }
            let session = history.sessions[position]
            let copy = Copy(index: index, connection: connection, receipt: receipt)
            guard receipt.isWhole else {
                report(.damaged, name(copy, session))
                continue
            }
            guard let number = receipt.number else {
                checkEmpty(copy, session)
                continue
            }
            guard let message = history.messages[number], message.choice.topic == receipt.topic, index > message.sentAt
            else {
                report(.invented, name(copy, session))
                continue
            }
            if isSentAgain(copy, session, copies[position][number] ?? []) { continue }
            copies[position][number, default: []].append(copy)
        }
    }

    private func name(_ copy: Copy, _ session: SessionLife) -> String {
        let receipt = copy.receipt
        return "m\(receipt.number.map(String.init) ?? "?") on \(receipt.topic) to c\(session.client), connection "
            + "\(copy.connection), QoS \(receipt.qos.rawValue)\(receipt.retain ? " retained" : "")"
            + "\(receipt.isDuplicate ? " duplicate" : "")"
    }

    /// Whether this is what an earlier connection had too.
    private mutating func isSentAgain(_ copy: Copy, _ session: SessionLife, _ earlier: [Copy]) -> Bool {
        let receipt = copy.receipt
        if receipt.isDuplicate, session.connections.first == copy.connection {
            report(.wrongDuplicate, name(copy, session))
        }
        switch receipt.qos {
        case .atMostOnce: return false
        case .atLeastOnce:
            return receipt.isDuplicate
                && earlier.contains { $0.receipt.packetID == receipt.packetID && $0.connection != copy.connection }
        case .exactlyOnce: return receipt.isRepeated
        }
    }

    /// Of an empty message only its topic is known.
    private mutating func checkEmpty(_ copy: Copy, _ session: SessionLife) {
        let isExpected = history.emptyMessages.contains { message in
            guard message.choice.topic == copy.receipt.topic, copy.index > message.sentAt else { return false }
            return Expectation(of: message, session, history).copies > 0
        }
        if !isExpected { report(.unsubscribed, "empty, \(name(copy, session))") }
    }

    // MARK: One message of one session

    private mutating func check(_ found: [Copy], _ expected: Expectation) {
        let (message, session) = (expected.message, expected.session)
        if let first = found.first, expected.copies + expected.retained.count == 0 {
            return report(.unsubscribed, name(first, session))
        }
        for copy in found { check(copy, expected) }
        let again = history.crashes.count { $0 > message.sentAt }
        // What was not durable is published again, and only QoS 2 waited for that.
        let spare =
            found.contains { $0.receipt.qos < .exactlyOnce } ? again * (expected.copies + expected.retained.count) : 0
        let live = found.filter { !$0.receipt.retain }
        if let last = found.last, found.count > expected.copies + expected.retained.count + spare {
            report(.duplicated, "\(found.count) times \(name(last, session))")
        } else if let last = live.last, live.count > expected.copies + spare {
            report(.duplicated, "\(live.count) times \(name(last, session))")
        }
        guard let deadline = expected.deadline else { return }
        if !found.contains(where: { $0.index < deadline }) {
            report(.lost, "m\(message.number) on \(message.choice.topic) for c\(session.client)")
        }
    }

    private mutating func check(_ copy: Copy, _ expected: Expectation) {
        let receipt = copy.receipt
        let message = expected.message
        let name = name(copy, expected.session)
        var qualities = expected.qualities
        if receipt.retain {
            qualities.formUnion(expected.retained.map { min($0.options.maximumQoS, message.choice.qos) })
        }
        if !qualities.contains(receipt.qos) { report(.wrongQoS, "\(name); right: \(qualities.map(\.rawValue))") }
        if receipt.retain {
            let mayBe = message.choice.retain && expected.possible.contains(where: \.options.retainAsPublished)
            if expected.retained.isEmpty, !mayBe { report(.wrongRetain, name) }
        } else if expected.mustKeepRetain {
            report(.wrongRetain, name)
        }
        guard history.connections[copy.connection]?.choice.version == .v5_0 else { return }
        let identifiers = Set(receipt.identifiers)
        var isRight =
            expected.certainIdentifiers.isSubset(of: identifiers)
            && identifiers.isSubset(of: expected.direct.compactMap(\.identifier))
        let single = expected.shared + (receipt.retain ? expected.retained : [])
        if single.contains(where: { Set([$0.identifier].compactMap { $0 }) == identifiers }) { isRight = true }
        if !isRight { report(.wrongIdentifiers, "\(name): \(receipt.identifiers)") }
    }

    // MARK: Retained messages

    private mutating func check(_ expected: RetainedExpectation, _ session: SessionLife, _ found: [Copy]) {
        let isThere = found.contains {
            $0.receipt.retain && $0.index > expected.askedAt && $0.index < expected.deadline
        }
        if !isThere {
            report(
                .lost,
                "the retained m\(expected.message.number) on \(expected.message.choice.topic) for c\(session.client)")
        }
    }

    // MARK: Order

    /// Messages of one publisher to one topic keep their order at each QoS.
    private mutating func checkOrder(_ session: SessionLife, _ found: [Int: [Copy]]) {
        var firsts: [String: [(index: Int, message: Message)]] = [:]
        for (number, copies) in found {
            guard let message = history.messages[number], !message.isWill, let first = copies.first else { continue }
            let expected = Expectation(of: message, session, history)
            // What comes by a group goes another way, and what is retained comes when it is asked for.
            guard expected.shared.isEmpty, !copies.contains(where: \.receipt.retain) else { continue }
            let key = "c\(message.client) \(message.choice.topic) \(message.choice.qos) \(first.receipt.qos)"
            firsts[key, default: []].append((first.index, message))
        }
        for (key, found) in firsts {
            let sorted = found.sorted { $0.index < $1.index }
            for (earlier, later) in zip(sorted, sorted.dropFirst()) where earlier.message.sentAt > later.message.sentAt
            {
                report(
                    .misordered,
                    "m\(earlier.message.number) before m\(later.message.number) to c\(session.client), \(key)")
            }
        }
    }

    // MARK: Connections

    /// No client gets more at once than its Receive Maximum, or a packet id that is in use.
    private mutating func checkInFlight() {
        var inFlight: [Int: Set<UInt16>] = [:]
        for entry in history.log {
            switch entry.event {
            case .received(let connection, let receipt):
                guard let packetID = receipt.packetID else { continue }
                if !inFlight[connection, default: []].insert(packetID).inserted {
                    report(.tooManyInFlight, "packet id \(packetID) twice on connection \(connection)")
                }
                let count = inFlight[connection]?.count ?? 0
                if let maximum = history.connections[connection]?.choice.receiveMaximum, count > Int(maximum) {
                    report(.tooManyInFlight, "\(count) on connection \(connection), which takes \(maximum)")
                }
            case .answered(let connection, let packetID): inFlight[connection]?.remove(packetID)
            default: break
            }
        }
    }

    // MARK: Shares

    /// Each group gets each message once, whoever in it.
    private mutating func checkShares() {
        for message in history.messages.values where !message.choice.isEmpty {
            let expected = history.sessions.map { Expectation(of: message, $0, history) }
            let groups = Set(expected.flatMap(\.groups.keys))
            guard !groups.isEmpty else { continue }
            let found = copies.map { ($0[message.number] ?? []) }
            let live = found.reduce(0) { $0 + $1.count { !$0.receipt.retain } }
            let again = history.crashes.count { $0 > message.sentAt }
            let direct = expected.count { !$0.direct.isEmpty } * message.multiplicity
            let most = (direct + groups.count * message.multiplicity) * (1 + again)
            if live > most { report(.duplicated, "m\(message.number) \(live) times to shares, at most \(most)") }
            let certain = groups.count { group in
                expected.contains { $0.groups[group] == .certain }
                    && expected.allSatisfy { $0.groups[group] != .doubtful }
            }
            let least = expected.count { $0.deadline != nil } + certain
            let all = found.reduce(0) { $0 + $1.count }
            if certain > 0, all < least {
                report(.lost, "m\(message.number) came \(all) times to shares, not \(least)")
            }
        }
    }
}
