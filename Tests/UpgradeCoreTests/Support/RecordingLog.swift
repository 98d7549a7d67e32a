import Logging
import Synchronization

/// Keeps the metadata of what is logged at warning or above.
final class RecordingLog: Sendable {
    private let recorded = Mutex<[Logger.Metadata]>([])

    var lines: [Logger.Metadata] { recorded.withLock { $0 } }

    func logger(_ label: String) -> Logger { Logger(label: label) { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: RecordingLog
        var logLevel = Logger.Level.warning
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.recorded.withLock { $0.append(event.metadata ?? [:]) }
        }
    }
}
