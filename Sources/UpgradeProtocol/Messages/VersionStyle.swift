/// How versions are written into messages. Both are read everywhere.
public enum VersionStyle: String, CaseIterable, Hashable, Sendable {
    /// As JSON numbers, `1.2`: what the protocol says.
    case number
    /// As JSON strings, `"1.2"`: what the predecessor's cloud wrote.
    case text
}
