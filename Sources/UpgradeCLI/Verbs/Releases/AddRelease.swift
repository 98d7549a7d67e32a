import ArgumentParser
import UpgradeAPI
import UpgradeProtocol

/// `umctl release add VERSION FILE`
struct AddRelease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Upload an executable as a release.")

    @Argument(help: ArgumentHelp("The version it is to have.", valueName: "version"), transform: Parse.version)
    var release: Version

    @Argument(help: "The executable.", completion: .file())
    var file: String

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let upload = try FileUpload(path: file)
        guard upload.size <= ProtocolLimits.payloadLength else {
            throw Failure(
                "\(file) has \(upload.size) bytes; a release has at most \(ProtocolLimits.payloadLength) (one MQTT packet)"
            )
        }
        let display = ProgressDisplay(options.connection)
        let total = max(upload.size, 1)
        let release = try await options.connection.withDaemon { client in
            try await client.addRelease(self.release, from: upload) { sent in
                // In tenths, so that piped output has a few lines and not one per piece.
                let tenths = sent * 10 / total
                display.show(
                    "\(tenths * 10) % of \(bytes(upload.size)) sent", fraction: Double(sent) / Double(total))
            }
        }
        display.end()
        try Printer(options.connection).done(
            "release \(release.version): \(Int(release.size).counted("byte")), SHA-256 \(release.sha256)", release)
    }
}
