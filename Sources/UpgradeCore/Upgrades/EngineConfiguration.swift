public import UpgradeProtocol

/// What an installation may set of the engine's conduct.
public struct EngineConfiguration: Sendable {
    /// How long and how often an upgrade is tried.
    public var policy: AttemptPolicy
    /// How versions are written in messages to gateways.
    public var wireVersions: VersionStyle
    /// What becomes of gateways that nobody knows.
    public var newGateways: NewGateways
    /// How many gateways that nobody knows may come into quarantine.
    public var quarantineLimits: QuarantineLimits
    /// Bytes of executables a second to all gateways together; nil for no limit.
    public var egressLimit: Int?
    /// How many executables are on their way at a time.
    public var transferLimits: TransferLimits
    /// How often one gateway may have an executable by asking for it.
    public var downloadLimits: DownloadLimits

    /// The defaults of `umd` on loopback.
    public init(
        policy: AttemptPolicy = AttemptPolicy(), wireVersions: VersionStyle = .number, newGateways: NewGateways = .open,
        quarantineLimits: QuarantineLimits = QuarantineLimits(), egressLimit: Int? = nil,
        transferLimits: TransferLimits = TransferLimits(),
        downloadLimits: DownloadLimits = DownloadLimits()
    ) {
        self.policy = policy
        self.wireVersions = wireVersions
        self.newGateways = newGateways
        self.quarantineLimits = quarantineLimits
        self.egressLimit = egressLimit
        self.transferLimits = transferLimits
        self.downloadLimits = downloadLimits
    }
}

/// What the first STATUS of an unknown gateway brings about.
public enum NewGateways: String, Sendable, CaseIterable {
    /// It belongs to the company that it names, which is made if need be.
    case open
    /// Its claim is recorded; it is told of versions, but sent none until somebody approves it.
    case quarantine
}

/// How many gateways may be in quarantine, and how fast they come in: who knows the shared secret is not to fill the database with ids of
/// their own making. The first STATUS of one gateway more is acknowledged and changes nothing; it comes in with a later one.
public struct QuarantineLimits: Sendable {
    /// Gateways that wait for approval together.
    public var waiting: Int
    /// Gateways that come in at once before the next has to wait: the size of a token bucket.
    public var burst: Int
    /// The time after which one more may come in.
    public var interval: Duration

    /// A thousand, ten at once and ten a second.
    public init(waiting: Int = 1000, burst: Int = 10, interval: Duration = .milliseconds(100)) {
        self.waiting = waiting
        self.burst = burst
        self.interval = interval
    }
}

/// How many executables are on their way at a time; the rest wait their turn.
public struct TransferLimits: Sendable {
    /// Transfers on their way together.
    public var count: Int
    /// Bytes that the transfers on their way may hold in the system's socket buffers together.
    public var bytes: Int
    /// What one transfer holds of them at most, however large it is.
    public var bytesOfOne: Int
    /// After so long a transfer no longer counts: many slow gateways do not keep the fast ones waiting.
    public var patience: Duration

    /// Limits that keep a fleet of ten thousand busy and the system's socket buffers within 256 MiB.
    public init(
        count: Int = 1024, bytes: Int = 256 << 20, bytesOfOne: Int = 512 << 10, patience: Duration = .seconds(10)
    ) {
        self.count = count
        self.bytes = bytes
        self.bytesOfOne = bytesOfOne
        self.patience = patience
    }
}

/// How often one gateway may have an executable by asking for it: a token bucket.
public struct DownloadLimits: Sendable {
    /// Downloads in a row before the first one waits.
    public var burst: Int
    /// The time that one download costs after that.
    public var interval: Duration

    /// Ten in a row, and then three a minute.
    public init(burst: Int = 10, interval: Duration = .seconds(20)) {
        self.burst = burst
        self.interval = interval
    }
}
