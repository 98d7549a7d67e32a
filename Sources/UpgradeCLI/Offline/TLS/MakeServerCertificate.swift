import ArgumentParser
import UpgradeCore

/// `umctl tls server --host NAME...`
struct MakeServerCertificate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Make a server certificate signed by the authority (method 2), also in the place of one.",
        discussion: """
            With method 2 clients verify the server's certificate against the authority's ca.crt, which 'umctl tls ca' makes; a new server certificate changes nothing for them. \
            With method 1 ('umctl tls self-signed') they skip verification.
            """)

    @OptionGroup var hosts: HostOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let files = TLSFiles(folder: try options.connection.folderOfThisMachine(verb: "tls server"))
        let made = try files.makeServer(names: hosts.names(replacing: files))
        try MadeCertificate(made).show(
            options.connection,
            nextStep: "clients verify with \(files.authority.certificate) (--ca); \(MadeCertificate.restart)")
    }
}
