/// What a restore has done.
public struct RestoreReport: Codable, Equatable, Sendable {
    /// The folder that keeps what was there before; nil when there was nothing.
    public let keptIn: String?
    /// How many live upgrades were cancelled.
    public let cancelledUpgrades: Int
    /// How many executables the release store now holds.
    public let releases: Int
}
