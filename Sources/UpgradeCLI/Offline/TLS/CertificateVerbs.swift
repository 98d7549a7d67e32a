import ArgumentParser
import UpgradeCore

/// `umctl tls`.
struct CertificateVerbs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls", abstract: "The certificates that TLS mode uses.",
        discussion: """
            Method 1 (self-signed): the server's certificate vouches for itself, and clients skip verification. \
            Method 2 (ca, then server): a private authority signs the server's certificate, and clients verify it against the authority's ca.crt.

            The files are in the folder tls of the data folder. What is replaced is kept beside it as .old. \
            A daemon that runs takes new files over when it gets SIGHUP.
            """,
        subcommands: [MakeSelfSigned.self, MakeAuthority.self, MakeServerCertificate.self])
}

/// The names of a server certificate.
struct HostOptions: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Host names and addresses by which clients reach the server; localhost, 127.0.0.1, ::1 and the machine's name are always added. Without any: the names of the certificate that is replaced.",
            valueName: "name"),
        transform: HostOptions.name)
    var host: [CertificateName] = []

    /// The names for the certificate that is made in this folder.
    func names(replacing files: TLSFiles) -> CertificateNames {
        CertificateNames(host.isEmpty ? files.serverNames() ?? [] : host)
    }

    @Sendable
    static func name(_ text: String) throws -> CertificateName {
        do { return try CertificateName(text) } catch { throw ValidationError("\(error)") }
    }
}
