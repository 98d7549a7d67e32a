import CPosix
import Glibc

/// What a verb sees of the world around it: where it writes, what it can ask, and the environment.
///
/// A test gives its own; the program uses ``standard``.
public struct Console: Sendable {
    /// Writes text to standard output as it is.
    public var write: @Sendable (String) -> Void
    /// Writes text to standard error as it is.
    public var writeError: @Sendable (String) -> Void
    /// Whether standard output is a terminal.
    public var isTerminal: Bool
    /// How many columns a line may have; nil without bound.
    public var columns: Int?
    /// The process's environment.
    public var environment: [String: String]
    /// One line of standard input without its line break; nil at its end.
    public var readInput: @Sendable () -> String?
    /// Asks for a line without showing what is typed; nil when there is no terminal to ask at.
    public var askSecretly: @Sendable (_ prompt: String) -> String?

    /// A console made of its parts.
    public init(
        write: @escaping @Sendable (String) -> Void, writeError: @escaping @Sendable (String) -> Void,
        isTerminal: Bool = false, columns: Int? = nil, environment: [String: String] = [:],
        readInput: @escaping @Sendable () -> String? = { nil },
        askSecretly: @escaping @Sendable (_ prompt: String) -> String? = { _ in nil }
    ) {
        self.write = write
        self.writeError = writeError
        self.isTerminal = isTerminal
        self.columns = columns
        self.environment = environment
        self.readInput = readInput
        self.askSecretly = askSecretly
    }

    /// The console of the verb that is running.
    @TaskLocal static var current = Console.standard

    /// Writes a line to standard output.
    func line(_ text: String) { write(text + "\n") }

    /// Writes a line to standard error.
    func errorLine(_ text: String) { writeError(text + "\n") }
}

extension Console {
    /// The process's own standard streams and environment.
    public static let standard = Console(
        write: { Descriptor.write($0, to: STDOUT_FILENO) },
        writeError: { Descriptor.write($0, to: STDERR_FILENO) },
        isTerminal: isatty(STDOUT_FILENO) == 1,
        columns: terminalColumns(),
        environment: processEnvironment(),
        readInput: { readLine(strippingNewline: true) },
        askSecretly: Terminal.askSecretly)

    private static func terminalColumns() -> Int? {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    private static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next = next.advanced(by: 1)
        }
        return variables
    }
}

/// The process's standard streams, unbuffered: a line is out when its call returns.
private enum Descriptor {
    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Whoever read this has gone away.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// The terminal that the process was started from.
private enum Terminal {
    @Sendable
    static func askSecretly(_ prompt: String) -> String? {
        guard let terminal = fopen("/dev/tty", "r+") else { return nil }
        defer { fclose(terminal) }
        let descriptor = fileno(terminal)
        var before = termios()
        guard tcgetattr(descriptor, &before) == 0 else { return nil }
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        guard tcsetattr(descriptor, TCSAFLUSH, &silent) == 0 else { return nil }
        defer {
            tcsetattr(descriptor, TCSAFLUSH, &before)
            Descriptor.write("\n", to: descriptor)
        }
        Descriptor.write(prompt, to: descriptor)
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            guard read(descriptor, &byte, 1) == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return String(validating: line, as: UTF8.self) }
            line.append(byte)
        }
    }
}
