import Foundation
import Testing

@testable import UpgradeCore

/// What a command line printed on both streams, and its exit code.
struct ShellRun {
    let status: Int32
    let output: String
}

/// Runs a command line in a folder, as an administrator would: above all `openssl`, which knows nothing of our code.
@discardableResult
func shell(_ command: String, in folder: String) async throws -> ShellRun {
    // A file: FileHandle's own reading from a pipe ends the process when a signal interrupts it.
    let file = folder + "/output-\(UUID().uuidString)"
    try Data().write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    let handle = try FileHandle(forWritingTo: URL(filePath: file))
    defer { try? handle.close() }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = URL(filePath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
        process.terminationHandler = { _ in done.resume() }
        do {
            try process.run()
        } catch {
            process.terminationHandler = nil
            done.resume(throwing: error)
        }
    }
    return ShellRun(
        status: process.terminationStatus,
        output: String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self))
}

/// Runs a command line that must succeed.
@discardableResult
func sh(
    _ command: String, in folder: String, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> String {
    let run = try await shell(command, in: folder)
    #expect(run.status == 0, "\(command): \(run.output)", sourceLocation: sourceLocation)
    return run.output
}

/// The rights of a file.
func mode(of path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}

extension Timestamp {
    /// So many days later.
    func adding(days: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds + days * 86_400_000) }
}
