import Foundation

/// A TLS connection that another implementation makes and verifies: `openssl s_client`, with our end of a socket pair as its input and output.
final class TLSTunnel: Sendable {
    /// Our end; its owner closes it.
    let descriptor: Int32
    private let process = Process()

    /// Connects to a port of this machine as `localhost`, and goes no further than the handshake unless the certificate is right.
    init(to port: UInt16, trusting authority: String) throws {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw FieldGateway.Failure.cannotConnect
        }
        descriptor = ends[0]
        let other = FileHandle(fileDescriptor: ends[1], closeOnDealloc: false)
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "s_client", "-quiet", "-connect", "127.0.0.1:\(port)", "-servername", "localhost", "-CAfile", authority,
            "-verify_return_error", "-verify_hostname", "localhost",
        ]
        process.standardInput = other
        process.standardOutput = other
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            close(ends[0])
            close(ends[1])
            throw error
        }
        close(ends[1])
    }

    deinit {
        if process.isRunning { process.terminate() }
    }
}
