import Foundation
import MQTTWire
import Synchronization
import Testing

/// Debian's mosquitto on a free loopback port, with a folder of its own.
final class Mosquitto: Sendable {
    struct CannotStart: Error, CustomStringConvertible {
        let description: String
    }

    private static let program = "/usr/sbin/mosquitto"
    private static let passwordProgram = "/usr/bin/mosquitto_passwd"

    let port: UInt16
    private let folder: URL
    private let process = Mutex<Process?>(nil)

    /// Starts a broker and waits until it listens.
    ///
    /// - Parameters:
    ///   - options: further lines of its configuration file.
    ///   - passwords: user names with their passwords; with any, nobody else may connect.
    ///   - access: lines of its access control file.
    /// - Throws: `CannotStart` when the program is missing or ends by itself.
    init(options: [String] = [], passwords: [String: String] = [:], access: [String] = []) async throws {
        guard FileManager.default.isExecutableFile(atPath: Self.program) else {
            throw CannotStart(description: "\(Self.program) is missing; `make test` installs it")
        }
        folder = FileManager.default.temporaryDirectory.appending(path: "mosquitto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        port = try Self.freePort()
        var lines = ["listener \(port) 127.0.0.1", "allow_anonymous \(passwords.isEmpty)", "log_type none"]
        if getuid() == 0 { lines.append("user root") }
        if !passwords.isEmpty { lines.append("password_file \(try writePasswords(passwords).path)") }
        if !access.isEmpty {
            let file = folder.appending(path: "access")
            try access.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
            lines.append("acl_file \(file.path)")
        }
        try (lines + options + [""]).joined(separator: "\n")
            .write(to: folder.appending(path: "mosquitto.conf"), atomically: true, encoding: .utf8)
        try await start()
    }

    /// A port that was free a moment ago: mosquitto cannot be asked which one it chose. It is none of those that the system gives to connections, since one of
    /// the many that other tests make would take it now and then.
    private static func freePort() throws -> UInt16 {
        for _ in 0..<1000 {
            let candidate = UInt16.random(in: 20_000..<32_000)
            if (try? ListeningSocket(host: "127.0.0.1", port: candidate)) != nil { return candidate }
        }
        throw CannotStart(description: "no port from 20000 to 31999 is free")
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts it again after `kill`, on the same port.
    func start() async throws {
        let process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments = ["-c", folder.appending(path: "mosquitto.conf").path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process.withLock { $0 = process }
        let port = port
        try await eventually("mosquitto listens") {
            guard process.isRunning else { throw CannotStart(description: "mosquitto ended by itself") }
            return canConnect(to: port)
        }
    }

    /// Ends it without any chance to say goodbye or to save anything.
    func kill() {
        let process = process.withLock { $0.take() }
        guard let process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private func writePasswords(_ passwords: [String: String]) throws -> URL {
        let file = folder.appending(path: "passwords")
        try passwords.map { "\($0.key):\($0.value)\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(filePath: Self.passwordProgram)
        process.arguments = ["-U", file.path]
        try process.run()
        process.waitUntilExit()
        return file
    }
}

/// Whether something accepts connections on the loopback port.
func canConnect(to port: UInt16) -> Bool {
    guard let socket = try? LoopbackSocket(connectedTo: port) else { return false }
    socket.close()
    return true
}
