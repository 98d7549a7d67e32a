import FoundationEssentials
import Glibc
public import Logging

/// Writes each log entry to standard error as one JSON object a line: `time`, `level`, `logger`, `message`, and the metadata as `fields`.
public struct JSONLogHandler: LogHandler {
    /// Metadata that every entry carries.
    public var metadata: Logger.Metadata = [:]
    /// The least level that is written.
    public var logLevel = Logger.Level.info
    private let label: String

    /// A handler for the logger named `label`.
    public init(label: String) {
        self.label = label
    }

    /// One value of the metadata that every entry carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes the entry, in one system call.
    public func log(event: LogEvent) {
        var fields = metadata
        fields.merge(event.metadata ?? [:]) { _, entrys in entrys }
        if let error = event.error { fields["error"] = "\(error)" }
        let entry = Entry(
            time: Date.now.formatted(.iso8601.time(includingFractionalSeconds: true)), level: event.level.rawValue,
            logger: label, message: event.message.description, fields: fields.mapValues(\.description))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard var line = try? encoder.encode(entry) else { return }
        line.append(UInt8(ascii: "\n"))
        // One write a line, so that lines of several threads do not mix.
        line.withUnsafeBytes { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }

    private struct Entry: Encodable {
        let time: String
        let level: String
        let logger: String
        let message: String
        let fields: [String: String]
    }
}
