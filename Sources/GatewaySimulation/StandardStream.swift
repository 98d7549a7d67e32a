import Glibc
import Synchronization

/// One of the process's standard streams, without a buffer of its own: whoever waits for a line gets it at once.
final class StandardStream: Sendable {
    static let output = StandardStream(STDOUT_FILENO)
    static let error = StandardStream(STDERR_FILENO)

    private let descriptor: Int32
    /// Lines are written one at a time; inside it whether a line stands there that the next one replaces.
    private let hasTransientLine = Mutex(false)

    /// Whether people look at it.
    let isTerminal: Bool

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
    }

    /// Writes a line.
    func writeLine(_ line: String) {
        hasTransientLine.withLock { hasTransientLine in
            write((hasTransientLine ? Self.clearLine : "") + line + "\n")
            hasTransientLine = false
        }
    }

    /// Writes, on a terminal, a line that the next one of either kind replaces.
    func writeTransientLine(_ line: String) {
        hasTransientLine.withLock { hasTransientLine in
            write(Self.clearLine + line)
            hasTransientLine = true
        }
    }

    private static let clearLine = "\r\u{1B}[K"

    private func write(_ text: String) {
        var rest = [UInt8](text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // A line that the stream does not take has nowhere else to go.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
