import Foundation
import ProgramSupport
import Testing

/// What people do with the `openssl` command line.
extension Program {
    /// Makes a TLS connection to a port of this machine and ends it; the status is 0 only if the certificate was right by the options.
    static func handshake(_ port: UInt16, _ options: [String]) async throws -> Outcome {
        try await run(
            "/usr/bin/openssl",
            ["s_client", "-connect", "127.0.0.1:\(port)", "-verify_return_error", "-brief"] + options, input: "")
    }

    /// The serial number of the certificate that a port of this machine shows.
    static func serial(_ port: UInt16) async throws -> String {
        let shown = try await run("/usr/bin/openssl", ["s_client", "-connect", "127.0.0.1:\(port)"], input: "")
        return try await run("/usr/bin/openssl", ["x509", "-noout", "-serial"], input: shown.output).output
    }

    /// Makes `NAME.crt` and `NAME.key` of an authority.
    ///
    /// - Returns: The path of the certificate.
    static func makeAuthority(in folder: String, named name: String) async throws -> String {
        try await openssl([
            "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "30", "-subj", "/CN=\(name)",
            "-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt",
        ])
        return "\(folder)/\(name).crt"
    }

    /// Makes a certificate of a server on this machine.
    ///
    /// - Returns: The flags that make `umd` use it: `--tls-cert FILE --tls-key FILE`.
    static func makeServer(
        in folder: String, signedBy authority: String, key: [String], digest: String = "-sha256"
    ) async throws -> [String] {
        let files = try await makeCertificate(
            in: folder, named: "server", signedBy: authority, key: key, digest: digest,
            extensions: "subjectAltName=DNS:localhost,IP:127.0.0.1")
        return ["--tls-cert", files.certificate, "--tls-key", files.key]
    }

    /// Makes a certificate with the common name `name`, and its key.
    static func makeCertificate(
        in folder: String, named name: String, signedBy authority: String, key: [String] = ["rsa:2048"],
        digest: String = "-sha256", extensions: String = "basicConstraints=CA:FALSE", days: String = "20"
    ) async throws -> (certificate: String, key: String) {
        let base = "\(folder)/\(name)-\(UInt32.random(in: 0 ... .max))"
        try Data((extensions + "\n").utf8).write(to: URL(filePath: base + ".ext"))
        try await openssl(
            ["req", "-newkey"] + key
                + ["-sha256", "-nodes", "-subj", "/CN=\(name)", "-keyout", base + ".key", "-out", base + ".csr"])
        try await openssl([
            "x509", "-req", digest, "-days", days, "-in", base + ".csr", "-CA", "\(folder)/\(authority).crt", "-CAkey",
            "\(folder)/\(authority).key", "-CAcreateserial", "-extfile", base + ".ext", "-out", base + ".crt",
        ])
        return (base + ".crt", base + ".key")
    }

    private static func openssl(_ arguments: [String]) async throws {
        let outcome = try await run("/usr/bin/openssl", arguments)
        #expect(outcome.status == 0, "openssl \(arguments.joined(separator: " ")): \(outcome.errors)")
    }
}
