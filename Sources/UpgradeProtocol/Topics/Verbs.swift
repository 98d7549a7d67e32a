/// What the cloud says to gateways: the second level of `TOGATEWAY/…`.
public enum CloudVerb: String, CaseIterable, Hashable, Sendable {
    /// The bytes of an executable, to be installed right away.
    case upgrade = "UPGRADE"
    /// The newest version there is: a ``LatestVersionMessage``.
    case latestVersion = "LATEST_VERSION"
    /// All versions there are: an ``AvailableVersionsMessage``.
    case availableVersions = "AVAILABLE_VERSIONS"
    /// The bytes of an executable that the gateway asked for, and may install later.
    case downloadUpgrade = "DOWNLOAD_UPGRADE"
}

/// What a gateway says to the cloud: the second level of `TOCLOUD/…`.
public enum GatewayVerb: String, CaseIterable, Hashable, Sendable {
    /// Who the gateway belongs to and what it runs: a ``StatusMessage``.
    case status = "STATUS"
    /// Asks for LATEST_VERSION. The payload means nothing; field gateways often send one space.
    case requestLatestVersion = "REQUEST_LATEST_VERSION"
    /// Asks for AVAILABLE_VERSIONS. The payload means nothing; field gateways often send one space.
    case requestAvailableVersions = "REQUEST_AVAILABLE_VERSIONS"
    /// Asks for DOWNLOAD_UPGRADE: an ``UpgradeRequestMessage``.
    case requestUpgrade = "REQUEST_UPGRADE"
}
