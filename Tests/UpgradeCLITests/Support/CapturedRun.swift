import Foundation
import Synchronization
import UpgradeCLI

/// What one run of `umctl` in this process has written, and its exit code.
struct CapturedRun {
    let status: Int32
    let output: String
    let errors: String

    /// The lines of standard output.
    var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }
}

/// Runs `umctl` in this process, away from this machine's own data folder.
func umctl(
    _ arguments: String..., data: String? = nil, environment: [String: String] = [:], input: [String] = [],
    columns: Int? = nil, isTerminal: Bool = false
) async -> CapturedRun {
    await umctl(
        arguments, data: data, environment: environment, input: input, columns: columns, isTerminal: isTerminal)
}

/// Runs `umctl` with arguments that a test has put together.
func umctl(
    _ arguments: [String], data: String? = nil, environment: [String: String] = [:], input: [String] = [],
    columns: Int? = nil, isTerminal: Bool = false
) async -> CapturedRun {
    let recorder = Recorder(input: input)
    var environment = environment
    environment["UM_DATA"] = data ?? environment["UM_DATA"] ?? "/nonexistent/umctl-tests"
    let status = await UpgradeManagerControl.run(
        arguments,
        console: Console(
            write: { recorder.write($0) }, writeError: { recorder.writeError($0) }, isTerminal: isTerminal,
            columns: columns, environment: environment, readInput: { recorder.readInput() }))
    return CapturedRun(status: status, output: recorder.text, errors: recorder.errorText)
}

/// Keeps what a console is given.
private final class Recorder: Sendable {
    private let output = Mutex("")
    private let errors = Mutex("")
    private let input: Mutex<ArraySlice<String>>

    init(input: [String]) {
        self.input = Mutex(input[...])
    }

    var text: String { output.withLock { $0 } }
    var errorText: String { errors.withLock { $0 } }

    func write(_ text: String) { output.withLock { $0 += text } }
    func writeError(_ text: String) { errors.withLock { $0 += text } }
    func readInput() -> String? { input.withLock { $0.popFirst() } }
}

/// Calls `body` with the path of an empty folder of its own, which is deleted when it returns.
func withTemporaryFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    // Short: the path of a Unix socket in it has at most 107 bytes.
    let path = FileManager.default.temporaryDirectory.appending(path: "um-\(UUID().uuidString.prefix(8))").path()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
