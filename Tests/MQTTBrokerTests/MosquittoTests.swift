import Glibc
import MQTTBroker
import MQTTWire
import Testing

/// Debian's command-line clients against the broker. One after the other: a program must not inherit another's pipe.
@Suite(.serialized, .enabled(if: MosquittoClient.isInstalled, "mosquitto-clients are not installed"))
struct MosquittoTests {
    @Test(arguments: ["mqttv31", "mqttv311", "mqttv5"], QoS.allCases)
    func publishesAndSubscribes(version: String, qos: QoS) async throws {
        try await withBroker { broker, port in
            let common = ["-p", "\(port)", "-V", version, "-q", "\(qos.rawValue)"]
            let subscriber = try MosquittoClient(
                "mosquitto_sub", common + ["-t", "a/#", "-C", "3", "-F", "%t %p %q %r", "-W", "10"])
            try eventually("it subscribes") { broker.snapshot.subscriptions == 1 }
            for index in 1...3 {
                let publisher = try MosquittoClient("mosquitto_pub", common + ["-t", "a/\(index)", "-m", "m\(index)"])
                #expect(try publisher.finish().status == 0)
            }
            let (status, output) = try subscriber.finish()
            #expect(status == 0)
            #expect(output == (1...3).map { "a/\($0) m\($0) \(qos.rawValue) 0\n" }.joined())
        }
    }

    @Test func queuesForAnAbsentSubscriber() async throws {
        try await withBroker { broker, port in
            let subscribe = ["-p", "\(port)", "-i", "s", "-c", "-q", "1", "-t", "t"]
            #expect(try MosquittoClient("mosquitto_sub", subscribe + ["-E"]).finish().status == 0)
            try eventually("it left") { broker.snapshot.connections == 0 && broker.snapshot.sessions == 1 }
            let publisher = try MosquittoClient("mosquitto_pub", ["-p", "\(port)", "-q", "2", "-t", "t", "-m", "kept"])
            #expect(try publisher.finish().status == 0)
            let back = try MosquittoClient("mosquitto_sub", subscribe + ["-C", "1", "-W", "10"]).finish()
            #expect(back.output == "kept\n")
        }
    }

    @Test func isToldOfARefusal() async throws {
        let hooks = Hooks(authenticate: { _, _ in .refuse(.notAuthorized) })
        try await withBroker(hooks: hooks) { _, port in
            for version in ["mqttv311", "mqttv5"] {
                let client = try MosquittoClient(
                    "mosquitto_pub", ["-p", "\(port)", "-V", version, "-t", "t", "-m", "x"])
                #expect(try client.finish().status != 0)
            }
        }
    }
}

/// One run of a program, its output read through a pipe.
struct MosquittoClient {
    static var isInstalled: Bool { access("/usr/bin/mosquitto_sub", X_OK) == 0 }

    private let process: pid_t
    private let output: Int32

    init(_ program: String, _ arguments: [String]) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Peer.Trouble(description: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
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
        self.process = process
        output = ends[0]
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
