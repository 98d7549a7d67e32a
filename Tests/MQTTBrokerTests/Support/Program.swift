import Glibc
import MQTTWire
import Synchronization

/// One run of a program, its output read through a pipe.
struct Program {
    static func isInstalled(_ name: String) -> Bool { access("/usr/bin/\(name)", X_OK) == 0 }

    private let process: pid_t
    private let output: Int32

    /// Starts a program of `/usr/bin`, which reads the file, or nothing.
    init(_ program: String, _ arguments: [String], input: String = "/dev/null") throws {
        (process, output) = try Self.starts.withLock { _ in try Self.start(program, arguments, input: input) }
    }

    /// One after the other: a program must not inherit another's pipe.
    private static let starts = Mutex(())

    private static func start(
        _ program: String, _ arguments: [String], input: String
    ) throws -> (process: pid_t, output: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Peer.Trouble(description: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var process = pid_t()
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let result = posix_spawn(&process, "/usr/bin/\(program)", &actions, nil, &words, environ)
        close(ends[1])
        guard result == 0 else {
            close(ends[0])
            throw Peer.Trouble(description: "cannot run \(program)")
        }
        return (process, ends[0])
    }

    /// Waits for the end of the program.
    func finish() throws -> (status: Int32, output: String) {
        defer { close(output) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        return (status, String(decoding: bytes, as: UTF8.self))
    }
}
