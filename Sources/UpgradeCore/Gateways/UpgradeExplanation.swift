public import UpgradeProtocol

/// Why a gateway is not upgraded: why it is not on the newest release, or why its upgrade is still pending.
public struct UpgradeExplanation: Hashable, Sendable {
    /// The version that the gateway does not run: that of its pending upgrade, else the newest release.
    public let version: Version
    /// What keeps it.
    public let cause: Cause

    /// What keeps a gateway from being upgraded.
    public enum Cause: Hashable, Sendable {
        /// Nobody has approved it.
        case quarantined(claims: CompanyID?)
        /// It may not connect; `isPending` if an order waits for it.
        case disabled(isPending: Bool)
        /// Its order waits until it is back. Nil: it was never heard of.
        case offline(since: Timestamp?, after: Delivery?)
        /// It has not said STATUS on its connection.
        case awaitingStatus(after: Delivery?)
        /// It has not subscribed to UPGRADE on its connection.
        case awaitingSubscription
        /// Neither the target nor what it had before the first attempt: it is not sent another.
        case reportsAnother(Version, before: Version)
        /// Attempts are apart.
        case nextAttempt(at: Timestamp, after: Delivery?)
        /// An attempt did not arrive, and is repeated on another connection alone.
        case awaitingReconnection(attempt: Int)
        /// The release may not be sent now.
        case withheld(Release.State)
        /// Everything is ready; other transfers come first.
        case inLine
        /// Nothing is missing.
        case aboutToBeSent
        /// An attempt is under way.
        case sending(since: Timestamp?, attempt: Int)
        /// It was sent, and has not reported the target yet.
        case awaitingConfirmation(Delivery)
        /// The newest release was ordered, and that order has ended.
        case ended(Ending)
        /// Nobody ordered the newest release; what was ordered before did not succeed if `earlier` is there.
        case notOrdered(earlier: Ending?)
        /// It reports a version above the newest release.
        case ahead(Version)
    }

    /// The latest delivered attempt.
    public struct Delivery: Hashable, Sendable {
        /// When it was delivered.
        public let at: Timestamp
        /// Which of the attempts that may be delivered it was, from 1.
        public let number: Int
    }

    /// How an order ended for a gateway.
    public struct Ending: Hashable, Sendable {
        /// The order.
        public let deployment: DeploymentID
        /// What was ordered.
        public let version: Version
        /// How it ended; confirmed if the gateway reports something else by now.
        public let state: UpgradeState
        /// When it ended.
        public let at: Timestamp
        /// From its last delivery, or else the order, to its end.
        public let after: Duration
        /// Why it ended; may quote what the gateway said.
        public let reason: String?
        /// The newer order that ended it.
        public let supersededBy: DeploymentID?
        /// What the gateway reports now.
        public let reported: Version?
    }

    /// Nil when there is nothing to explain: the gateway runs the newest release, or there is none.
    ///
    /// - Parameters:
    ///   - gateway: the gateway.
    ///   - upgrade: its newest upgrade; nil when nothing was ever ordered.
    ///   - release: whether the release of that upgrade may be sent.
    ///   - newest: the newest release that may be sent.
    ///   - situation: what the engine knows of it; without, less is told of an upgrade that is pending.
    ///   - now: the time.
    public init?(
        of gateway: Gateway, upgrade: Upgrade?, release: Release.State = .available, newest: Version?,
        situation: UpgradeSituation? = nil, at now: Timestamp
    ) {
        let pending = upgrade.flatMap { $0.state == .pending ? $0 : nil }
        guard let version = pending?.version ?? newest, pending != nil || gateway.version != version else { return nil }
        self.version = version
        cause =
            if gateway.companyID == nil {
                .quarantined(claims: gateway.claimedCompanyID)
            } else if !gateway.enabled {
                .disabled(isPending: pending != nil)
            } else if let pending {
                Cause(
                    of: pending, gateway, release,
                    situation.flatMap { $0.deployment == pending.deploymentID ? $0 : nil }, now)
            } else if let reported = gateway.version, reported > version {
                .ahead(reported)
            } else if let upgrade, upgrade.version == version {
                .ended(Ending(upgrade, reported: gateway.version))
            } else {
                .notOrdered(
                    earlier: upgrade.flatMap {
                        $0.state == .confirmed ? nil : Ending($0, reported: gateway.version)
                    })
            }
    }
}

extension UpgradeExplanation.Cause {
    /// Of an upgrade that is pending.
    fileprivate init(
        of upgrade: Upgrade, _ gateway: Gateway, _ release: Release.State, _ situation: UpgradeSituation?,
        _ now: Timestamp
    ) {
        let delivery = UpgradeExplanation.Delivery(upgrade)
        guard gateway.online else {
            self = .offline(since: gateway.lastSeen, after: delivery)
            return
        }
        guard let situation else {
            self = delivery.map { .awaitingConfirmation($0) } ?? .aboutToBeSent
            return
        }
        let isLast = upgrade.deliveredAttempts >= AttemptPolicy.deliveredAttempts
        if situation.isUnderWay {
            self = .sending(since: upgrade.sentAt, attempt: upgrade.attempts)
        } else if let delivery, isLast || (situation.hadAttempt && situation.reported != nil) {
            self = .awaitingConfirmation(delivery)
        } else if situation.hadAttempt, delivery == nil {
            self = .awaitingReconnection(attempt: upgrade.attempts)
        } else if situation.reported == nil {
            self = .awaitingStatus(after: delivery)
        } else if let reported = situation.reported, let before = upgrade.fromVersion, reported != before {
            self = .reportsAnother(reported, before: before)
        } else if !situation.isSubscribed {
            self = .awaitingSubscription
        } else if release != .available {
            self = .withheld(release)
        } else if let next = situation.nextAttempt, next > now {
            self = .nextAttempt(at: next, after: delivery)
        } else {
            self = situation.isInLine ? .inLine : .aboutToBeSent
        }
    }
}

extension UpgradeExplanation.Delivery {
    fileprivate init?(_ upgrade: Upgrade) {
        guard let at = upgrade.deliveredAt, upgrade.deliveredAttempts > 0 else { return nil }
        self.init(at: at, number: upgrade.deliveredAttempts)
    }
}

extension UpgradeExplanation.Ending {
    fileprivate init(_ upgrade: Upgrade, reported: Version?) {
        let at = upgrade.settledAt ?? upgrade.createdAt
        let start = upgrade.deliveredAt ?? upgrade.createdAt
        self.init(
            deployment: upgrade.deploymentID, version: upgrade.version, state: upgrade.state, at: at,
            after: .milliseconds(max(0, at.milliseconds - start.milliseconds)), reason: upgrade.reason,
            supersededBy: upgrade.supersededBy, reported: reported)
    }
}
