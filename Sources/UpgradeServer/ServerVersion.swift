import UpgradeCore

/// The version of this software.
public enum ServerVersion {
    /// What `umd --version` prints.
    public static let current = SoftwareVersion.current
}
