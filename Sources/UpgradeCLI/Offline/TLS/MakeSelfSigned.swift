import ArgumentParser
import UpgradeCore

/// `umctl tls self-signed --host NAME...`
struct MakeSelfSigned: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "self-signed",
        abstract: "Make a self-signed server certificate (method 1), also in the place of one.",
        discussion: """
            With method 1 the server's certificate vouches for itself: clients skip verification, or are given this very certificate to trust. \
            With method 2 ('umctl tls ca', then 'umctl tls server') they trust an authority, and a new server certificate changes nothing for them.
            """)

    @OptionGroup var hosts: HostOptions
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let files = TLSFiles(folder: try options.connection.folderOfThisMachine(verb: "tls self-signed"))
        let made = try files.makeSelfSigned(names: hosts.names(replacing: files))
        try MadeCertificate(made).show(
            options.connection,
            nextStep: "clients either skip verification (--insecure) or get \(made.files.certificate) (--ca); "
                + MadeCertificate.restart)
    }
}
