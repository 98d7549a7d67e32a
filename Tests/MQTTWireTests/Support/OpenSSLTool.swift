import Foundation
import MQTTWire
import Synchronization
import Testing

/// A running `openssl`.
///
/// Its output goes to a file: waiting for it takes no thread from the tests, and no end of a pipe is inherited by another process that starts meanwhile.
final class OpenSSLTool: Sendable {
    private let process: Mutex<Process>
    private let input: FileHandle
    private let outputFile: URL

    init(_ arguments: [String], in folder: URL? = nil) throws {
        outputFile = FileManager.default.temporaryDirectory.appending(path: "openssl-\(UUID().uuidString)")
        try Data().write(to: outputFile)
        let output = try FileHandle(forWritingTo: outputFile)
        let pipe = Pipe()
        input = pipe.fileHandleForWriting
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = folder }
        process.standardInput = pipe
        process.standardOutput = output
        process.standardError = output
        try process.run()
        self.process = Mutex(process)
    }

    deinit {
        process.withLock { if $0.isRunning { $0.terminate() } }
        try? FileManager.default.removeItem(at: outputFile)
    }

    /// What it has written so far, diagnostics among the rest.
    var output: Data { (try? Data(contentsOf: outputFile)) ?? Data() }

    var text: String { String(decoding: output, as: UTF8.self) }

    func send(_ bytes: [UInt8]) throws {
        try input.write(contentsOf: bytes)
    }

    /// Waits for its end; returns its exit status.
    func status() async throws -> Int32 {
        try await eventually("openssl ends") { process.withLock { !$0.isRunning } }
        return process.withLock { $0.terminationStatus }
    }
}
