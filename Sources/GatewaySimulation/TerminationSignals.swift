import Dispatch
import Glibc

/// SIGINT and SIGTERM, heard instead of died of; the second one ends the process after all.
final class TerminationSignals {
    private let sources: [any DispatchSourceSignal]

    /// Calls the closure when the first of them comes.
    init(_ handler: @escaping @Sendable () -> Void) {
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                signal(SIGINT, SIG_DFL)
                signal(SIGTERM, SIG_DFL)
                handler()
            }
            source.resume()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }
}
