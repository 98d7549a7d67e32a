/// The version of this software.
public enum SoftwareVersion {
    /// What the programs print for `--version`.
    public static let current = "0.1.0"
}
