import Foundation
import ProgramSupport
import RandomSupport

/// A thousand gateways in a few processes, of which now and then one goes and comes back: with a goodbye or without.
final class SoakFleet {
    private let processes: Int
    private let each: Int
    private let port: UInt16
    private var random: SeededGenerator
    private var running: [Program?]

    init(of gateways: Int, in processes: Int, to port: UInt16, seed: UInt64) throws {
        self.processes = processes
        each = gateways / processes
        self.port = port
        random = SeededGenerator(seed: seed)
        running = []
        for number in 0..<processes { running.append(try start(number)) }
    }

    deinit { for program in running { program?.kill() } }

    private func start(_ number: Int) throws -> Program {
        // Nobody reads its lines, which would be kept.
        try Program(
            "/bin/sh",
            [
                "-c", "exec \"$0\" \"$@\" >/dev/null 2>&1", Program.buildFolder + "/gateway-sim", "soak\(number)",
                "\(2 + number % 2)", "--nossl", "--port", "\(port)", "--count", "\(each)", "--delay", "1s", "--poll",
                "10s",
            ])
    }

    /// The gateways of one process leave, and others that left before come back.
    func change() async throws {
        for number in 0..<processes where running[number] == nil { running[number] = try start(number) }
        let number = Int.random(in: 0..<processes, using: &random)
        let program = running[number]
        running[number] = nil
        if Bool.random(using: &random) { program?.terminate() } else { program?.kill() }
        _ = try await program?.end(within: .seconds(20))
    }
}
