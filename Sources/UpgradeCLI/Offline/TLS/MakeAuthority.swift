import ArgumentParser
import UpgradeCore

/// `umctl tls ca`
struct MakeAuthority: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ca", abstract: "Make the private authority that signs the server's certificate (method 2).",
        discussion: """
            With method 2 clients verify the server's certificate against the authority's ca.crt; the next step is 'umctl tls server'. \
            With method 1 ('umctl tls self-signed') there is no authority.

            An authority that is there stays unless --replace says otherwise: every client trusts the old one until it is given the new ca.crt. \
            To change over without a gap, first give the clients one file with both certificates in it.
            """)

    @Flag(help: "Replace the authority that is there; it is kept as ca.crt.old and ca.key.old.")
    var replace = false

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let files = TLSFiles(folder: try options.connection.folderOfThisMachine(verb: "tls ca"))
        let made = try files.makeAuthority(replacing: replace)
        try MadeCertificate(made).show(
            options.connection,
            nextStep: "make the server's certificate with 'umctl tls server --host NAME', and give "
                + "\(made.files.certificate), never the key, to every client (--ca)")
    }
}
