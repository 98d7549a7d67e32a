public import UpgradeProtocol

/// How one gateway gets on with one order: "The life of one upgrade" of the wire protocol, as a value.
///
/// It does nothing by itself. Whoever holds it tells it what happened and at what time, stores what it has become, records the ``UpgradeChange`` that
/// it returns, and does what its ``Verdict`` says.
public struct UpgradeMachine: Hashable, Sendable {
    /// The version that was ordered.
    public let target: Version
    /// The version that the gateway was known to have when the order was given.
    public let knownVersion: Version?
    /// Where it stands.
    public private(set) var state = UpgradeState.pending
    /// Why the upgrade ended as it did; nil while it is pending and when it is confirmed.
    public private(set) var reason: String?
    /// The version that the gateway reported before the first attempt; nil before that.
    public private(set) var fromVersion: Version?
    /// How often it was handed over to a connection.
    public private(set) var attempts = 0
    /// How many of the attempts were delivered.
    public private(set) var delivered = 0
    /// How many attempts were cut off since the last delivered one.
    public private(set) var cutOffs = 0
    /// How often nothing could be sent since the last delivered attempt. Forgotten when the process ends.
    private var nothingSent = 0
    /// Whether an attempt has not ended yet.
    public private(set) var isUnderWay = false
    /// The connection that had the latest attempt, or is receiving it. Forgotten when the process ends, as its connections are.
    public private(set) var connection: ConnectionID?
    /// When the upgrade ends by itself, if it is still pending then.
    public private(set) var deadline: OperatingTime
    /// Before this there is no further attempt.
    public private(set) var notBefore: OperatingTime?

    /// An upgrade to `target` ordered at `now` for a gateway that is known to have `knownVersion`; if that is the target, it is confirmed already.
    public init(target: Version, knownVersion: Version?, at now: OperatingTime, policy: AttemptPolicy) {
        self.target = target
        self.knownVersion = knownVersion
        deadline = now.advanced(by: policy.orderExpiry)
        if knownVersion == target { state = .confirmed }
    }

    /// Whether a report of the target still confirms it, provided that no newer order exists.
    public var isConfirmable: Bool {
        switch state {
        case .pending, .timedOut, .failed: true
        case .confirmed, .cancelled: false
        }
    }

    // MARK: What the gateway says

    /// The gateway reported `version`, and perhaps that an installation failed.
    ///
    /// - Returns: how that settles the upgrade; nil when it settles nothing.
    public mutating func reported(_ version: Version, failure: ReportedFailure? = nil) -> UpgradeChange? {
        if version == target { return isConfirmable ? end(.confirmed, nil) : nil }
        guard state == .pending else { return nil }
        if let failure, failure.version == target, attempts > 0 { return end(.failed, failure.reason) }
        // Nobody is dragged back: before the first attempt the gateway went beyond the target by itself.
        if attempts == 0, version > target, version != knownVersion { return end(.cancelled, "moved on to \(version)") }
        return nil
    }

    // MARK: Attempts

    /// What to do about a connection that is subscribed and reported `version`.
    public func verdict(on connection: ConnectionID, reporting version: Version, at now: OperatingTime) -> Verdict {
        guard state == .pending, !isUnderWay, self.connection != connection else { return .nothing }
        if let fromVersion {
            guard version == fromVersion, delivered < AttemptPolicy.deliveredAttempts else { return .nothing }
        }
        if let notBefore, now < notBefore { return .sendLater(notBefore) }
        return .send
    }

    /// It was handed over to `connection`, whose gateway reported `version`.
    public mutating func attemptBegan(on connection: ConnectionID, reporting version: Version) -> UpgradeChange {
        if fromVersion == nil { fromVersion = version }
        self.connection = connection
        isUnderWay = true
        attempts += 1
        return .sent
    }

    /// The attempt that was under way has ended.
    ///
    /// - Returns: what to record; nil when the upgrade was settled before, or no attempt was under way.
    public mutating func attemptEnded(
        _ outcome: TransferEnd, at now: OperatingTime, policy: AttemptPolicy
    ) -> UpgradeChange? {
        guard isUnderWay else { return nil }
        isUnderWay = false
        switch outcome {
        case .delivered:
            delivered += 1
            cutOffs = 0
            nothingSent = 0
            guard state == .pending else { return nil }
            deadline = now.advanced(by: policy.upgradeTimeout)
            notBefore = now.advanced(by: policy.pauseAfterDelivery)
            return .delivered
        case .cutOff:
            cutOffs += 1
            guard state == .pending else { return nil }
            postpone(to: now.advanced(by: AttemptPolicy.pause(afterCutOffs: cutOffs)))
            return .cutOff
        case .notSent:
            attempts -= 1
            if attempts == 0 { fromVersion = nil }
            connection = nil
            nothingSent += 1
            guard state == .pending else { return nil }
            postpone(to: now.advanced(by: AttemptPolicy.pause(afterNothingSent: nothingSent)))
            return .notSent
        }
    }

    private mutating func postpone(to time: OperatingTime) {
        notBefore = max(notBefore ?? time, time)
    }

    // MARK: Endings

    /// Ends the upgrade when its time has run out.
    public mutating func timePassed(to now: OperatingTime) -> UpgradeChange? {
        guard state == .pending, now >= deadline else { return nil }
        switch delivered {
        case 0: return end(.timedOut, "not delivered before the order expired")
        case AttemptPolicy.deliveredAttempts...:
            return end(.failed, "delivered \(delivered) times, the gateway still reports another version")
        default: return end(.timedOut, "delivered, but not confirmed in time")
        }
    }

    /// Somebody called it off, or a newer order takes its place.
    public mutating func cancel(reason: String) -> UpgradeChange? {
        state == .pending ? end(.cancelled, reason) : nil
    }

    /// It cannot be done any more: the release was removed, or its copy is damaged.
    public mutating func fail(reason: String) -> UpgradeChange? {
        state == .pending ? end(.failed, reason) : nil
    }

    private mutating func end(_ state: UpgradeState, _ reason: String?) -> UpgradeChange {
        self.state = state
        self.reason = reason
        return .settled(state)
    }

    // MARK: Storage

    /// The machine that was stored, in a new process. Its connections are gone: an attempt that was under way was cut off.
    init(
        restoring target: Version, knownVersion: Version?, state: UpgradeState, reason: String?, fromVersion: Version?,
        attempts: Int, delivered: Int, cutOffs: Int, isUnderWay: Bool, deadline: OperatingTime,
        notBefore: OperatingTime?
    ) {
        self.target = target
        self.knownVersion = knownVersion
        self.state = state
        self.reason = reason
        self.fromVersion = fromVersion
        self.attempts = attempts
        self.delivered = delivered
        self.cutOffs = cutOffs
        self.isUnderWay = isUnderWay
        self.deadline = deadline
        self.notBefore = notBefore
    }
}

/// What a gateway said of an installation that failed: the additive members of STATUS.
public struct ReportedFailure: Hashable, Sendable {
    /// The version that could not be installed.
    public var version: Version
    /// One line, in the gateway's words.
    public var reason: String

    /// A failure to install `version`.
    public init(version: Version, reason: String) {
        self.version = version
        self.reason = reason
    }
}

/// Something that became of an upgrade, to be recorded.
public enum UpgradeChange: Hashable, Sendable {
    /// An attempt was handed over.
    case sent
    /// An attempt arrived, as far as MQTT can tell.
    case delivered
    /// An attempt ended between its first byte and its last.
    case cutOff
    /// The attempt did not take place after all.
    case notSent
    /// The upgrade ended, or a late report of the target confirmed it.
    case settled(UpgradeState)
}

/// What to do about an upgrade and one connection.
public enum Verdict: Hashable, Sendable {
    /// Leave it alone, for now or for good.
    case nothing
    /// Hand over an attempt.
    case send
    /// An attempt is due at that time, if the connection is still there.
    case sendLater(OperatingTime)
}
