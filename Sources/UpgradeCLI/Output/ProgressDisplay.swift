import Synchronization

/// How far something has got: a bar that moves on a terminal, lines when the output goes elsewhere, nothing when only the result is wanted.
final class ProgressDisplay: Sendable {
    private let console: Console
    private let isSilent: Bool
    private let lastLine = Mutex("")

    init(_ options: ConnectionOptions) {
        console = Console.current
        isSilent = options.json || options.quiet
    }

    /// Shows the state `text`, and in the bar how much of the whole that is.
    func show(_ text: String, fraction: Double) {
        guard !isSilent else { return }
        let line = console.isTerminal ? bar(fraction, text) : text
        lastLine.withLock { last in
            guard last != line else { return }
            console.write(console.isTerminal ? "\r\u{1B}[K" + line : line + "\n")
            last = line
        }
    }

    /// Leaves the last state standing; what is written next begins on a line of its own.
    func end() {
        guard !isSilent, console.isTerminal else { return }
        lastLine.withLock { last in
            if !last.isEmpty { console.write("\n") }
            last = ""
        }
    }

    private func bar(_ fraction: Double, _ text: String) -> String {
        let room = min(max((console.columns ?? 80) - text.columns - 4, 0), 40)
        guard room >= 10 else { return text }
        let filled = Int(Double(room) * min(max(fraction, 0), 1))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: room - filled) + "] " + text
    }
}
