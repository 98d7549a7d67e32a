public import UpgradeProtocol

/// The fleet, or a company's part of it, in numbers.
public struct FleetSummary: Sendable, Equatable {
    /// Gateways that are connected.
    public let online: Int
    /// Gateways that wait for somebody to approve them.
    public let quarantined: Int
    /// How many gateways report each version; nil stands for those that have not reported any.
    public let versions: [Version?: Int]
    /// How many gateways have their newest upgrade in each state; nil stands for those that nothing was ever ordered for.
    public let states: [UpgradeState?: Int]

    /// All gateways.
    public var total: Int { versions.values.reduce(0, +) }
}
