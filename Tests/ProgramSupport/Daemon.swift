package import Foundation
package import Testing

/// `umd` on a throw-away data folder and free ports, and `umctl` for it.
package final class Daemon: Sendable {
    /// Which of the two modes it runs in.
    package enum Mode: Sendable {
        case plain
        case tls
    }

    package let data: String
    package let mode: Mode
    /// The line by which it said that it is ready.
    package let readyLine: String
    package let http: String
    package let mqttPort: UInt16
    private let program: Program

    private init(data: String, mode: Mode, readyLine: String, http: String, mqttPort: UInt16, program: Program) {
        self.data = data
        self.mode = mode
        self.readyLine = readyLine
        self.http = http
        self.mqttPort = mqttPort
        self.program = program
    }

    /// The authority that it made for itself.
    package var authority: String { data + "/tls/ca.crt" }

    /// Starts a daemon, runs the body, and ends the daemon whatever happened.
    package static func with(
        _ arguments: [String] = [], mode: Mode = .plain, limitedBy limits: String? = nil,
        environment: [String: String] = [:], _ body: (Daemon) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let daemon = try await start(
                on: folder + "/data", arguments, mode: mode, limitedBy: limits, environment: environment)
            try await body(daemon)
            #expect(try await daemon.stop() == 0)
        }
    }

    // `limits` are options of ulimit; `log` is a file that its log is appended to, in place of being read here.
    package static func start(
        on data: String, _ arguments: [String] = [], mode: Mode = .plain, limitedBy limits: String? = nil,
        environment: [String: String] = [:], loggingTo log: String? = nil
    ) async throws -> Daemon {
        let listeners = mode == .plain ? ["--nossl", "--mqtt-port", "0"] : ["--mqtts-port", "0"]
        let all = ["--data", data, "--http-port", "0", "--log-level", "warning"] + listeners + arguments
        let program =
            if environment["LD_PRELOAD"] != nil {
                // Swift knows no arguments when a library comes before its own.
                try Program("umd", [], environment: environment.merging(variables(for: all)) { $1 })
            } else if let limits {
                try Program(
                    "/bin/sh", ["-c", "ulimit \(limits) && exec \"$0\" \"$@\"", Program.buildFolder + "/umd"] + all,
                    environment: environment)
            } else if let log {
                try Program(
                    "/bin/sh", ["-c", "exec \"$0\" \"$@\" 2>>'\(log)'", Program.buildFolder + "/umd"] + all,
                    environment: environment)
            } else {
                try Program("umd", all, environment: environment)
            }
        guard let ready = await program.nextLine(), ready.hasPrefix("umd ready ") else {
            let outcome = try await program.end()
            Issue.record("umd did not start: \(outcome.errors)")
            throw Program.DidNotEnd(program: "umd")
        }
        let values = ready.split(separator: " ").dropFirst(2).reduce(into: [String: String]()) { values, pair in
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        return Daemon(
            data: data, mode: mode, readyLine: ready, http: try #require(values["http"]),
            mqttPort: try #require(values["mqtt"]?.split(separator: ":").last.flatMap { UInt16($0) }), program: program)
    }

    /// The same settings as environment variables.
    private static func variables(for flags: [String]) -> [String: String] {
        var variables: [String: String] = [:]
        var rest = flags[...]
        while let flag = rest.popFirst() {
            let hasValue = rest.first.map { !$0.hasPrefix("--") } ?? false
            let name = "UM_" + flag.dropFirst(2).replacing("-", with: "_").uppercased()
            variables[name] = hasValue ? rest.removeFirst() : "true"
        }
        return variables
    }

    /// The same folder again, after ``stop()`` or ``kill()``.
    package func restarted(_ arguments: [String] = [], environment: [String: String] = [:]) async throws -> Daemon {
        try await Self.start(on: data, arguments, mode: mode, environment: environment)
    }

    /// Whether it logs a line with this text within some seconds.
    package func logs(_ text: String) async throws -> Bool { await poll { program.errorsSoFar.contains(text) } }

    /// For what the system says of it.
    package var processIdentifier: Int32 { program.processIdentifier }

    /// What it logged.
    package var logSoFar: String { program.errorsSoFar }

    /// Has it read its certificates again.
    package func hangUp() { program.signal(SIGHUP) }

    /// Stands still, with all its threads, until ``resume()``: none of them is in the midst of a system call.
    package func pause() async throws {
        program.signal(SIGSTOP)
        let tasks = "/proc/\(processIdentifier)/task"
        let stands = try await poll(within: .seconds(30), every: .milliseconds(1)) {
            try FileManager.default.contentsOfDirectory(atPath: tasks).allSatisfy { task in
                // The state follows the name, which is in parentheses.
                let stat = try String(contentsOfFile: "\(tasks)/\(task)/stat", encoding: .utf8)
                return stat.split(separator: ")").last?.hasPrefix(" T") ?? false
            }
        }
        guard stands else { throw NoStandstill() }
    }

    package func resume() { program.signal(SIGCONT) }

    private struct NoStandstill: Error {}

    package func stop() async throws -> Int32 {
        program.terminate()
        return try await program.end(within: .seconds(15)).status
    }

    /// Asks it to stop and, before it has, to stop at once. Its status is 0 or 128 and the number of the signal, whichever came first.
    package func stopTwice() async throws -> Int32 {
        program.terminate()
        program.terminate()
        return try await program.end(within: .seconds(15)).status
    }

    package func kill() async throws {
        program.kill()
        _ = try await program.end()
    }

    /// What it counts, asked over the control socket.
    package func metrics() async throws -> String {
        try await Program.run(
            "/usr/bin/curl", ["-s", "--max-time", "5", "--unix-socket", "\(data)/umd.sock", "http://localhost/metrics"]
        ).output
    }

    package func umctl(_ arguments: String..., input: String? = nil) async throws -> Program.Outcome {
        try await Program.run("umctl", ["--data", data] + arguments, input: input)
    }

    /// The body that a verb prints with `--json`.
    package func json(_ arguments: String...) async throws -> JSON {
        let outcome = try await Program.run("umctl", ["--data", data, "--json"] + arguments)
        #expect(outcome.status == 0, "umctl \(arguments.joined(separator: " ")): \(outcome.errors)")
        return JSON(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8), options: .fragmentsAllowed))
    }

    package func gateway(_ id: String) async throws -> JSON { try await json("gateway", "show", id) }

    /// Waits until a member of the gateway has a value.
    package func expect(
        _ gateway: String, _ member: String, is value: String, within limit: Duration = .seconds(20),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var last = "nothing"
        let came = try await poll(within: limit, every: .milliseconds(100)) {
            let outcome = try await umctl("gateway", "show", gateway, "--json")
            guard outcome.status == 0 else { return false }
            last = JSON(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)))[member].text
            return last == value
        }
        #expect(came, "\(gateway).\(member) is \(last), not \(value)", sourceLocation: sourceLocation)
    }

    /// Drops a release into the watched folder, as `mv` does, and waits until it is known.
    package func drop(_ version: String, _ bytes: Data) async throws {
        try bytes.write(to: URL(filePath: "\(data)/resources/\(version)"), options: .atomic)
        let known = try await poll { try await umctl("release", "show", version).status == 0 }
        #expect(known, "release \(version) was not taken up")
    }
}
