import RandomSupport
import Testing
import UpgradeCore
import UpgradeProtocol

/// "The life of one upgrade" of the wire protocol, clause by clause.
@Suite struct UpgradeMachineTests {
    private static let versions: [Version] = ["0.5", "1.0", "1.3"]
    private let policy = AttemptPolicy(upgradeTimeout: .seconds(900), orderExpiry: .seconds(30 * 86400))

    private func upgrade(to target: Version = "1.2", known: Version? = "0.5") -> UpgradeMachine {
        UpgradeMachine(target: target, knownVersion: known, at: at(0), policy: policy)
    }

    /// An upgrade of which `count` attempts were delivered, on the connections 1 to `count`, each as soon as it was due.
    private func delivered(_ count: Int) -> UpgradeMachine {
        var machine = upgrade()
        for attempt in 0..<count {
            _ = machine.attemptBegan(on: connection(attempt + 1), reporting: "0.5")
            _ = machine.attemptEnded(.delivered, at: at(attempt * 300), policy: policy)
        }
        return machine
    }

    @Test("A gateway already on the target is confirmed at once")
    func alreadyOnTarget() {
        let machine = upgrade(known: "1.2")
        #expect(machine.state == .confirmed)
        #expect(machine.verdict(on: connection(1), reporting: "1.2", at: at(1)) == .nothing)
    }

    @Test(
        "A first attempt is sent to a connection that is ready, whatever older version it reports",
        arguments: ["0.5", "1.0"] as [Version])
    func firstAttempt(version: Version) {
        #expect(upgrade().verdict(on: connection(1), reporting: version, at: at(86400)) == .send)
    }

    @Test("The target confirms, before and after delivery")
    func confirms() {
        for count in 0...3 {
            var machine = delivered(count)
            #expect(machine.reported("1.2") == .settled(.confirmed))
            #expect(machine.state == .confirmed && machine.reason == nil)
        }
    }

    @Test("The target confirms while the attempt is still under way")
    func confirmsDuringTransfer() {
        var machine = upgrade()
        _ = machine.attemptBegan(on: connection(1), reporting: "0.5")
        #expect(machine.reported("1.2") == .settled(.confirmed))
        #expect(machine.attemptEnded(.delivered, at: at(10), policy: policy) == nil)
        #expect(machine.state == .confirmed)
    }

    @Test("The target confirms after timedOut and after failed; cancelled stays")
    func confirmsLate() {
        var timedOut = delivered(1)
        #expect(timedOut.timePassed(to: at(900)) == .settled(.timedOut))
        #expect(timedOut.reported("1.2") == .settled(.confirmed))

        var failed = delivered(1)
        #expect(failed.fail(reason: "the release was removed") == .settled(.failed))
        #expect(failed.reported("1.2") == .settled(.confirmed))
        #expect(failed.reason == nil)

        var cancelled = delivered(1)
        #expect(cancelled.cancel(reason: "cancelled") == .settled(.cancelled))
        #expect(cancelled.reported("1.2") == nil)
        #expect(cancelled.state == .cancelled)
    }

    @Test("Another version settles nothing and causes no send on a connection that had an attempt")
    func oldVersionSettlesNothing() {
        var machine = upgrade()
        _ = machine.attemptBegan(on: connection(1), reporting: "0.5")
        #expect(machine.reported("0.5") == nil)
        #expect(machine.verdict(on: connection(1), reporting: "0.5", at: at(1)) == .nothing)
        _ = machine.attemptEnded(.delivered, at: at(2), policy: policy)
        #expect(machine.reported("0.5") == nil)
        #expect(machine.verdict(on: connection(1), reporting: "0.5", at: at(800)) == .nothing)
        #expect(machine.state == .pending)
    }

    @Test("No second attempt while one is under way, on whatever connection")
    func oneAttemptAtATime() {
        var machine = upgrade()
        _ = machine.attemptBegan(on: connection(1), reporting: "0.5")
        #expect(machine.verdict(on: connection(2), reporting: "0.5", at: at(800)) == .nothing)
    }

    @Test("After a delivered attempt a third of the timeout must have passed")
    func pauseAfterDelivery() {
        let machine = delivered(1)
        #expect(machine.verdict(on: connection(2), reporting: "0.5", at: at(299)) == .sendLater(at(300)))
        #expect(machine.verdict(on: connection(2), reporting: "0.5", at: at(300)) == .send)
    }

    @Test(
        "It is sent again only to a gateway that reports the version it had before the first attempt",
        arguments: ["1.0", "1.3"] as [Version])
    func otherVersionIsNotSentAgain(version: Version) {
        var machine = delivered(1)
        #expect(machine.reported(version) == nil)
        #expect(machine.verdict(on: connection(2), reporting: version, at: at(400)) == .nothing)
        #expect(machine.state == .pending)
        #expect(machine.verdict(on: connection(2), reporting: "0.5", at: at(400)) == .send)
    }

    @Test("Three delivered attempts, and no more")
    func atMostThreeDelivered() {
        for count in 1...2 {
            #expect(delivered(count).verdict(on: connection(9), reporting: "0.5", at: at(10_000)) == .send)
        }
        #expect(delivered(3).verdict(on: connection(9), reporting: "0.5", at: at(10_000)) == .nothing)
    }

    @Test("Cut-off attempts are repeated after 1, 2, 4 … 60 minutes, without counting as delivered")
    func cutOffPauses() {
        var machine = upgrade()
        var now = 0
        for (index, minutes) in [1, 2, 4, 8, 16, 32, 60, 60, 60].enumerated() {
            let link = connection(index + 1)
            #expect(machine.verdict(on: link, reporting: "0.5", at: at(now)) == .send)
            _ = machine.attemptBegan(on: link, reporting: "0.5")
            #expect(machine.attemptEnded(.cutOff, at: at(now), policy: policy) == .cutOff)
            let next = connection(index + 2)
            let due = now + minutes * 60
            #expect(machine.verdict(on: next, reporting: "0.5", at: at(due - 1)) == .sendLater(at(due)))
            now = due
        }
        #expect(machine.delivered == 0 && machine.attempts == 9)
    }

    @Test("A delivery starts the pauses after cut-offs anew, and a cut-off does not shorten the pause after a delivery")
    func cutOffsAfterDelivery() {
        var machine = upgrade()
        for link in 1...3 {
            _ = machine.attemptBegan(on: connection(link), reporting: "0.5")
            _ = machine.attemptEnded(.cutOff, at: at(0), policy: policy)
        }
        _ = machine.attemptBegan(on: connection(4), reporting: "0.5")
        _ = machine.attemptEnded(.delivered, at: at(1000), policy: policy)
        #expect(machine.notBefore == at(1300))
        _ = machine.attemptBegan(on: connection(5), reporting: "0.5")
        _ = machine.attemptEnded(.cutOff, at: at(1300), policy: policy)
        #expect(machine.notBefore == at(1360))
        #expect(machine.deadline == at(1900), "a cut-off attempt does not move the deadline")
    }

    @Test("An attempt of which not a byte was sent was none: the same connection may have another")
    func nothingSent() {
        var machine = upgrade()
        _ = machine.attemptBegan(on: connection(1), reporting: "0.5")
        #expect(machine.attemptEnded(.notSent, at: at(0), policy: policy) == .notSent)
        #expect(machine.attempts == 0 && machine.fromVersion == nil)
        #expect(machine.verdict(on: connection(1), reporting: "1.0", at: at(5)) == .send)
    }

    @Test("A gateway that moved on before the first attempt is not dragged back")
    func movedOn() {
        var machine = upgrade()
        #expect(machine.reported("1.3") == .settled(.cancelled))
        #expect(machine.reason == "moved on to 1.3")
    }

    @Test("An ordered downgrade is sent to a gateway that reports what was known")
    func orderedDowngrade() {
        var machine = upgrade(known: "1.3")
        #expect(machine.reported("1.3") == nil)
        #expect(machine.verdict(on: connection(1), reporting: "1.3", at: at(0)) == .send)
    }

    @Test("After the first attempt a higher version is only recorded")
    func movedOnAfterAttempt() {
        var machine = upgrade()
        _ = machine.attemptBegan(on: connection(1), reporting: "0.5")
        _ = machine.attemptEnded(.cutOff, at: at(0), policy: policy)
        #expect(machine.reported("1.3") == nil)
        #expect(machine.verdict(on: connection(2), reporting: "1.3", at: at(3600)) == .nothing)
    }

    @Test("The deadline runs from the last delivered attempt: timedOut, or failed after the third", arguments: 1...3)
    func deadline(count: Int) {
        var machine = delivered(count)
        let last = (count - 1) * 300
        #expect(machine.timePassed(to: at(last + 899)) == nil)
        #expect(machine.timePassed(to: at(last + 900)) == .settled(count == 3 ? .failed : .timedOut))
        #expect(machine.timePassed(to: at(last + 901)) == nil, "it ends once")
    }

    @Test("An order that is never delivered ends when it expires, cut off or not")
    func expiry() {
        var machine = upgrade()
        _ = machine.attemptBegan(on: connection(1), reporting: "0.5")
        _ = machine.attemptEnded(.cutOff, at: at(1000), policy: policy)
        #expect(machine.timePassed(to: at(30 * 86400 - 1)) == nil)
        #expect(machine.timePassed(to: at(30 * 86400)) == .settled(.timedOut))
    }

    @Test("A reported failure of the target counts after an attempt")
    func reportedFailure() {
        var machine = delivered(1)
        #expect(
            machine.reported("0.5", failure: ReportedFailure(version: "1.2", reason: "flash full")) == .settled(.failed)
        )
        #expect(machine.reason == "flash full")
    }

    @Test("A reported failure does not count before an attempt, for another version, or beside the target")
    func failureThatDoesNotCount() {
        var unsent = upgrade()
        #expect(unsent.reported("0.5", failure: ReportedFailure(version: "1.2", reason: "old news")) == nil)
        var other = delivered(1)
        #expect(other.reported("0.5", failure: ReportedFailure(version: "1.3", reason: "another one")) == nil)
        var confirmed = delivered(1)
        #expect(
            confirmed.reported("1.2", failure: ReportedFailure(version: "1.2", reason: "first try"))
                == .settled(.confirmed))
        var ended = delivered(1)
        _ = ended.timePassed(to: at(900))
        #expect(ended.reported("0.5", failure: ReportedFailure(version: "1.2", reason: "late")) == nil)
    }

    @Test("Whatever happens in whatever order: it ends, and stays within its attempts", arguments: 0..<200)
    func anySchedule(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machine = upgrade()
        var now = 0
        var connections = 1
        while machine.state == .pending {
            now += Int.random(in: 0...4000, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: connections += 1
            case 1: _ = machine.reported(Self.versions.randomElement(using: &random) ?? "0.5")
            case 2: _ = machine.attemptEnded(.cutOff, at: at(now), policy: policy)
            case 3: _ = machine.attemptEnded(.delivered, at: at(now), policy: policy)
            case 4: _ = machine.timePassed(to: at(now))
            default:
                let link = connection(connections)
                guard machine.verdict(on: link, reporting: "0.5", at: at(now)) == .send else { continue }
                #expect(machine.connection != link && machine.delivered < 3 && !machine.isUnderWay)
                _ = machine.attemptBegan(on: link, reporting: "0.5")
            }
        }
        #expect(now <= 31 * 86400 && machine.delivered <= 3)
        #expect(machine.verdict(on: connection(connections + 1), reporting: "0.5", at: at(now)) == .nothing)
    }
}
