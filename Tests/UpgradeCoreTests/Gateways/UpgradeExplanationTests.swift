import Testing
import UpgradeProtocol

@testable import UpgradeCore

/// Every answer to "Why is this gateway not upgraded?".
@Suite("Gateways: why one is not upgraded")
struct UpgradeExplanationTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)

    private func before(_ seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: Self.now.milliseconds - seconds * 1000)
    }

    private func gateway(
        _ version: Version? = "1.2", company: CompanyID? = "2", claims: CompanyID? = "2", enabled: Bool = true,
        online: Bool = true, lastSeen: Timestamp? = now
    ) -> Gateway {
        Gateway(
            id: "gw1", companyID: company, claimedCompanyID: claims, name: "Roof", enabled: enabled, enrolled: false,
            version: version, online: online, lastSeen: lastSeen, badFrames: 0)
    }

    /// An upgrade to 1.3, pending unless told otherwise.
    private func upgrade(_ change: (inout Upgrade) -> Void = { _ in }) -> Upgrade {
        var upgrade = Upgrade(
            deploymentID: DeploymentID(rawValue: 7), gatewayID: "gw1", version: "1.3", createdAt: before(7200))
        change(&upgrade)
        return upgrade
    }

    private func delivered(_ count: Int = 1, attempts: Int? = nil) -> Upgrade {
        upgrade {
            $0.attempts = attempts ?? count
            $0.deliveredAttempts = count
            $0.fromVersion = "1.2"
            $0.sentAt = before(400)
            $0.deliveredAt = before(300)
        }
    }

    private func situation(
        _ reported: Version? = "1.2", _ change: (inout UpgradeSituation) -> Void = { _ in }
    ) -> UpgradeSituation {
        var situation = UpgradeSituation(
            deployment: DeploymentID(rawValue: 7), reported: reported, isSubscribed: true)
        change(&situation)
        return situation
    }

    /// The sentence, with times as seconds before now.
    private func sentence(
        _ gateway: Gateway, _ upgrade: Upgrade? = nil, _ situation: UpgradeSituation? = nil,
        release: Release.State = .available, newest: Version? = "1.3"
    ) -> String? {
        UpgradeExplanation(
            of: gateway, upgrade: upgrade, release: release, newest: newest, situation: situation, at: Self.now
        )?.sentence { "\(($0.milliseconds - Self.now.milliseconds) / 1000) s" }
    }

    @Test("nothing is explained on the newest release, or where there is none")
    func nothing() {
        #expect(sentence(gateway("1.3")) == nil)
        #expect(sentence(gateway("1.3", company: nil)) == nil)
        #expect(sentence(gateway("1.3", enabled: false)) == nil)
        #expect(sentence(gateway(), newest: nil) == nil)
        #expect(sentence(gateway("1.3"), upgrade { $0.state = .confirmed }) == nil)
    }

    @Test("who may not be sent anything")
    func barred() {
        #expect(sentence(gateway(company: nil)) == "quarantined: it claims company 2 and waits for approval")
        #expect(
            sentence(gateway(nil, company: nil, claims: nil))
                == "quarantined: it has not said yet which company it belongs to")
        #expect(sentence(gateway(enabled: false)) == "disabled: it may not connect")
        #expect(
            sentence(gateway(enabled: false, online: false), upgrade())
                == "disabled: 1.3 waits until it may connect again")
    }

    @Test("who is not there")
    func offline() {
        let away = gateway(online: false, lastSeen: before(90))
        #expect(sentence(away, upgrade()) == "offline since -90 s: 1.3 waits until it is back")
        #expect(
            sentence(away, delivered(2))
                == "offline since -90 s, after 1.3 was delivered at -300 s (attempt 2 of 3)")
        #expect(sentence(gateway(nil, online: false, lastSeen: nil), upgrade()) == "never connected: 1.3 waits for it")
    }

    @Test("a pending upgrade tells what it waits for")
    func pending() {
        #expect(
            sentence(gateway(), upgrade(), situation(nil)) == "waiting for its STATUS before 1.3 is sent")
        #expect(
            sentence(gateway(), upgrade(), situation { $0.isSubscribed = false })
                == "waiting for it to subscribe to UPGRADE before 1.3 is sent")
        #expect(sentence(gateway(), upgrade(), situation()) == "1.3 is about to be sent")
        #expect(
            sentence(gateway(), upgrade(), situation { $0.isInLine = true }) == "1.3 waits for its turn to be sent")
        #expect(
            sentence(gateway(), upgrade(), situation(), release: .changed)
                == "1.3 is withheld: its file in the resources folder has changed")
        #expect(
            sentence(gateway(), upgrade(), situation(), release: .removed)
                == "1.3 is withheld: its file in the resources folder is gone")
        #expect(sentence(gateway(), upgrade()) == "1.3 is about to be sent", "what the engine knows is left out")
    }

    @Test("an order for a version that is not the newest is explained while it is pending")
    func pendingForOlder() {
        #expect(sentence(gateway("1.4"), upgrade(), situation("1.4"), newest: "1.4") == "1.3 is about to be sent")
        #expect(sentence(gateway(), upgrade(), situation(), newest: nil) == "1.3 is about to be sent")
    }

    @Test("a pending upgrade tells how its attempts go")
    func attempts() {
        let sending = upgrade {
            $0.attempts = 1
            $0.sentAt = before(10)
        }
        let hadIt = situation { $0.hadAttempt = true }
        #expect(
            sentence(gateway(), sending, situation { $0.isUnderWay = true })
                == "1.3 is being sent since -10 s (attempt 1)")
        #expect(
            sentence(gateway(), sending, hadIt)
                == "attempt 1 to send 1.3 did not arrive: the next is made when it connects again")
        #expect(
            sentence(gateway(), delivered(), hadIt)
                == "1.3 was sent, waiting for confirmation since -300 s (attempt 1 of 3)")
        #expect(
            sentence(gateway(), delivered(3), situation())
                == "1.3 was sent, waiting for confirmation since -300 s (attempt 3 of 3)")
        #expect(
            sentence(gateway(), delivered()) == "1.3 was sent, waiting for confirmation since -300 s (attempt 1 of 3)")
        #expect(
            sentence(gateway(), delivered(), situation(nil))
                == "waiting for its STATUS, after 1.3 was delivered at -300 s (attempt 1 of 3)")
        #expect(
            sentence(gateway(), delivered(), situation("1.1"))
                == "it reports 1.1, no longer 1.2 as before the first attempt: 1.3 is not sent again")
        let later = Timestamp(milliseconds: Self.now.milliseconds + 60_000)
        #expect(
            sentence(gateway(), delivered(), situation { $0.nextAttempt = later })
                == "next attempt to send 1.3 at 60 s: the last one, attempt 1 of 3, arrived without being confirmed")
        #expect(
            sentence(gateway(), sending, situation { $0.nextAttempt = later }) == "next attempt to send 1.3 at 60 s")
        #expect(
            sentence(gateway(), sending, situation { $0.nextAttempt = before(1) }) == "1.3 is about to be sent",
            "a time that has passed keeps nobody")
    }

    @Test("what the engine says of another order is not taken for this one")
    func otherOrder() {
        let other = situation(nil) { $0.deployment = DeploymentID(rawValue: 6) }
        #expect(sentence(gateway(), upgrade(), other) == "1.3 is about to be sent")
    }

    private func ended(_ state: UpgradeState, _ reason: String?, supersededBy: Int64? = nil) -> Upgrade {
        upgrade {
            $0.state = state
            $0.reason = reason
            $0.settledAt = before(60)
            $0.supersededBy = supersededBy.map(DeploymentID.init(rawValue:))
        }
    }

    @Test("an order for the newest release tells how it ended")
    func endings() {
        var timedOut = ended(.timedOut, "delivered, but not confirmed in time")
        #expect(
            sentence(gateway(), timedOut) == "1.3 timed out after 1 hour: delivered, but not confirmed in time")
        timedOut.deliveredAt = before(60 + 900)
        #expect(
            sentence(gateway(), timedOut) == "1.3 timed out after 15 minutes: delivered, but not confirmed in time")
        #expect(
            sentence(gateway(), ended(.failed, "no space\nleft")) == "1.3 failed at -60 s: no space; left",
            "whatever a gateway says stays on one line")
        #expect(
            sentence(gateway(), ended(.cancelled, "cancelled by ann"))
                == "order 7 for 1.3 ended at -60 s: cancelled by ann")
        #expect(
            sentence(gateway(), ended(.cancelled, "superseded by 8", supersededBy: 8))
                == "order 7 for 1.3 was superseded by order 8")
        #expect(
            sentence(gateway(), ended(.confirmed, nil)) == "1.3 was confirmed at -60 s, but it reports 1.2 now")
    }

    @Test("when nobody ordered the newest release, the order before is told of if it did not succeed")
    func notOrdered() {
        #expect(sentence(gateway()) == "nobody ordered 1.3")
        #expect(sentence(gateway(nil)) == "nobody ordered 1.3")
        #expect(sentence(gateway(), ended(.confirmed, nil), newest: "1.4") == "nobody ordered 1.4")
        #expect(
            sentence(gateway(), ended(.failed, "the disk is full"), newest: "1.4")
                == "nobody ordered 1.4; before, 1.3 failed at -60 s: the disk is full")
        #expect(sentence(gateway("1.4")) == "it reports 1.4, which is above the newest release, 1.3")
    }

    @Test("times are written in RFC 3339 unless the caller writes them")
    func times() {
        let explanation = UpgradeExplanation(
            of: gateway(online: false, lastSeen: before(0)), upgrade: upgrade(), newest: "1.3", at: Self.now)
        #expect(explanation?.sentence == "offline since 2027-01-15T08:00:00Z: 1.3 waits until it is back")
    }
}
