import Glibc

/// Where the daemon says why it does not start.
enum StandardError {
    /// Writes one line.
    static func writeLine(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        // A line that standard error does not take has nowhere else to go.
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
