import Foundation
import ProgramSupport
import Testing

/// System calls of a running process that fail, by `strace`.
struct Injection: Sendable {
    /// Whether this machine lets us trace another process of ours.
    static let isPossible: Bool = {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c",
            """
            sleep 10 & traced=$!
            timeout -s INT 1 strace -o /dev/null -e trace=none -p $traced 2>&1 | grep -q attached
            status=$?
            kill $traced
            exit $status
            """,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
    /// What a test says that does not run without.
    static let need: Comment = "it needs strace and the right to trace"

    let calls: String
    /// What they are answered, as strace writes it: `error=EIO`, `retval=0`.
    let answer: String

    /// While the body runs, the calls of this process are answered so; none of them reaches the kernel.
    func during<Value>(_ process: Int32, _ body: () async throws -> Value) async throws -> Value {
        let strace = try Program(
            "/usr/bin/strace",
            [
                "-f", "-o", "/dev/null", "-e", "trace=\(calls)", "-e", "inject=\(calls):\(answer)", "-p",
                String(process),
            ])
        #expect(await poll { strace.errorsSoFar.contains("attached") }, "\(strace.errorsSoFar)")
        do {
            let value = try await body()
            try await end(strace)
            return value
        } catch {
            try await end(strace)
            throw error
        }
    }

    private func end(_ strace: Program) async throws {
        // The kernel lets go of what it traces when it ends, however it does; of its own accord it takes its time with a busy process.
        strace.kill()
        _ = try await strace.end()
    }
}
