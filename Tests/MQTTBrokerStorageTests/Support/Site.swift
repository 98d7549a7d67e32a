import MQTTWire
import ProgramSupport
import Testing

/// A folder of sessions, and the broker that runs on it now.
final class Site {
    let folder = TemporaryFolder()
    private var program: Program?
    private(set) var port: UInt16 = 0

    deinit { program?.kill() }

    /// Starts a broker. `fileBlocks`: no file may have more blocks of 512 bytes.
    func start(fileBlocks: Int? = nil) async throws {
        let arguments = ["--port", "0", "--loops", "2", "--persistence", folder.path]
        let program: Program
        if let fileBlocks {
            let path = "\(Program.buildFolder)/embedded-broker"
            let script = "trap '' XFSZ; ulimit -f \(fileBlocks); exec \"$0\" \"$@\""
            program = try Program("/bin/sh", ["-c", script, path] + arguments)
        } else {
            program = try Program("embedded-broker", arguments)
        }
        self.program = program
        let line = await program.nextLine()
        port = try #require(line?.split(separator: ":").last.flatMap { UInt16($0) }, "\(program.errorsSoFar)")
    }

    /// Ends the broker as a crash does.
    func kill() async throws {
        program?.kill()
        _ = try await program?.end()
        program = nil
    }

    /// Ends the broker in order.
    func stop() async throws {
        program?.terminate()
        let outcome = try #require(try await program?.end())
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        program = nil
    }

    /// Ends the broker as a crash does, and starts another.
    func crash() async throws {
        try await kill()
        try await start()
    }

    /// A client with a session that stays for a day.
    func client(
        _ clientID: String, cleanStart: Bool = false, expiry: UInt32 = 86_400, will: Will? = nil,
        properties: [Property] = []
    ) throws -> Peer {
        let peer = try Peer(port: port, version: .v5_0)
        try peer.connect(
            clientID, cleanStart: cleanStart, will: will,
            properties: [.sessionExpiryInterval(expiry)] + properties)
        return peer
    }

    /// Publishes messages at QoS 1, each acknowledged before the next, on a session that ends with its connection.
    func publish(_ topic: String, _ payloads: String..., retain: Bool = false, properties: [Property] = []) throws {
        let peer = try client("publisher of \(topic)", expiry: 0)
        for payload in payloads {
            try peer.publishAcknowledged(topic, payload, retain: retain, properties: properties)
        }
    }
}
