import ArgumentParser
import UpgradeCore

/// `umctl tls ca`
struct MakeAuthority: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "Make the private authority that signs the server's certificate (method 2).",
        discussion: """
            With method 2 clients verify the server's certificate against the authority's ca.crt; the next step is 'umctl tls server', or --host here. \
            With method 1 ('umctl tls self-signed') there is no authority.

            An authority that is there stays unless --replace says otherwise: every client trusts the old one until it is given the new ca.crt. \
            To change over without a gap, replace it without --host, give the clients ca.crt and ca.crt.old in one file, \
            and make the server's certificate anew when all have it.
            """)

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Also make the server certificate for these names, as 'umctl tls server' does.", valueName: "name"),
        transform: HostOptions.name)
    var host: [CertificateName] = []

    @Flag(help: "Replace the authority that is there; it is kept as ca.crt.old and ca.key.old.")
    var replace = false

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let files = TLSFiles(folder: try options.connection.folderOfThisMachine(verb: "tls ca"))
        let authority = MadeCertificate(try files.makeAuthority(replacing: replace))
        let give = "give \(files.authority.certificate), never the key, to every client (--ca)"
        guard !host.isEmpty else {
            return try authority.show(
                options.connection,
                nextStep: "make the server's certificate with 'umctl tls server --host NAME', and \(give)")
        }
        let server = MadeCertificate(try files.makeServer(names: CertificateNames(host)))
        try authority.show(options.connection, with: server, nextStep: "\(give); \(MadeCertificate.restart)")
    }
}
