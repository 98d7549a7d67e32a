import Foundation
import Synchronization

/// One of our programs, or a peer's, run as its user would run it.
package final class Program: Sendable {
    /// What a program that has ended left behind.
    package struct Outcome: Sendable {
        package var status: Int32
        package var output: String
        package var errors: String

        /// Its error text without the line break at the end.
        package var errorLine: String { errors.trimmingCharacters(in: .newlines) }
    }

    package struct DidNotEnd: Error { package var program: String }

    private let process = Process()
    private let output = Lines()
    private let errors = Lines()
    private let name: String

    /// The folder of the programs that were built together with these tests.
    package static let buildFolder: String = {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (executable as NSString).deletingLastPathComponent
    }()

    // `name` is one of ours, or an absolute path.
    package init(_ name: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil)
        throws
    {
        self.name = name
        process.executableURL = URL(filePath: name.hasPrefix("/") ? name : "\(Self.buildFolder)/\(name)")
        process.arguments = arguments
        // What the surroundings set must not reach the programs.
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("UM_") }
            .merging(environment) { $1 }
        process.standardOutput = output.pipe
        process.standardError = errors.pipe
        if let input {
            let pipe = Pipe()
            process.standardInput = pipe
            try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try pipe.fileHandleForWriting.close()
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
        output.start()
        errors.start()
    }

    deinit { kill() }

    /// Runs a program to its end.
    package static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], input: String? = nil,
        within limit: Duration = .seconds(60)
    ) async throws -> Outcome {
        try await Program(name, arguments, environment: environment, input: input).end(within: limit)
    }

    /// The next line on standard output that has not been asked for; nil when the program has closed it or nothing came in time.
    package func nextLine(within limit: Duration = .seconds(30)) async -> String? { await output.next(within: limit) }

    /// What came on standard error so far.
    package var errorsSoFar: String { errors.soFar }

    package func end(within limit: Duration = .seconds(30)) async throws -> Outcome {
        guard await poll(within: limit, { !process.isRunning }) else {
            kill()
            throw DidNotEnd(program: name)
        }
        return Outcome(status: process.terminationStatus, output: await output.rest(), errors: await errors.rest())
    }

    package var processIdentifier: Int32 { process.processIdentifier }

    package func terminate() { process.terminate() }

    package func signal(_ signal: Int32) {
        if process.isRunning { Glibc.kill(process.processIdentifier, signal) }
    }

    package func kill() {
        if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
    }
}

/// What comes out of a pipe, line by line.
private final class Lines: Sendable {
    private struct State {
        var text = Data()
        var taken = 0
        var ended = false
    }

    let pipe = Pipe()
    private let state = Mutex(State())

    func start() {
        let thread = Thread { [self] in
            let descriptor = pipe.fileHandleForReading.fileDescriptor
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while true {
                // FileHandle's own reading ends the process when a signal interrupts it.
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                state.withLock { $0.text.append(contentsOf: buffer[..<count]) }
            }
            // Nobody else closes it: a test that starts thousands of programs would run out of descriptors.
            try? pipe.fileHandleForReading.close()
            state.withLock { $0.ended = true }
        }
        thread.start()
    }

    func next(within limit: Duration) async -> String? {
        var line: String?
        _ = await poll(within: limit) {
            state.withLock { state in
                let rest = state.text[state.taken...]
                if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    line = String(decoding: rest[..<end], as: UTF8.self)
                    state.taken = end + 1
                    return true
                }
                return state.ended
            }
        }
        return line
    }

    var soFar: String { state.withLock { String(decoding: $0.text, as: UTF8.self) } }

    /// Everything, once the other end is closed.
    func rest() async -> String {
        _ = await poll(within: .seconds(5)) { state.withLock { $0.ended } }
        return state.withLock { String(decoding: $0.text, as: UTF8.self) }
    }
}

/// Asks again and again until the answer is yes; false when that took too long.
package func poll(
    within limit: Duration = .seconds(20), every pause: Duration = .milliseconds(20),
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    while true {
        if try await condition() { return true }
        guard ContinuousClock.now < deadline else { return false }
        try? await Task.sleep(for: pause)
    }
}
