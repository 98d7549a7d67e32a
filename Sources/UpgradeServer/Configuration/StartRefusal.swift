import UpgradeCore

/// Why the daemon does not start, in one line, and what to do about it.
///
/// `umd` prints it and exits with status 78 (`EX_CONFIG`).
public struct StartRefusal: Error, Equatable, CustomStringConvertible {
    /// What is wrong, naming the value, and what would be right: one line.
    public let description: String

    /// A refusal; line breaks in what came from outside become spaces.
    public init(_ reason: String, remedy: String) {
        description = Self.singleLine("\(reason); \(remedy)")
    }

    /// A refusal whose reason says what to do.
    init(_ reason: String) { description = Self.singleLine(reason) }

    /// What is wrong with the data folder; the error says what to do.
    init(_ error: InstallationError) { description = Self.singleLine(error.description) }

    /// What is wrong with the database; the error says what to do.
    init(_ error: StoreError) { description = Self.singleLine(error.description) }

    private static func singleLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
