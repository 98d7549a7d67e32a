import Glibc

/// Standard error for a text log: what is written at once is one line there, whatever stands in it.
///
/// Log entries repeat what strangers send: client ids, topics, names in certificates. A line break among that must not begin a line that looks like one of
/// ours, nor may a terminal take it for a command.
struct LogLines: TextOutputStream, Sendable {
    /// Writes an entry, which ends with its line break, in one system call: so lines of several threads do not mix.
    func write(_ entry: String) {
        let line = Array(Self.line(entry).utf8)
        line.withUnsafeBytes { bytes in _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }

    /// The entry with everything escaped that would end a line, or steer a terminal or the direction of text.
    static func line(_ entry: String) -> String {
        let hasEnd = entry.unicodeScalars.last == "\n"
        var line = ""
        for scalar in entry.unicodeScalars.dropLast(hasEnd ? 1 : 0) {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format: line += scalar.escaped(asASCII: true)
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line + "\n"
    }
}
