import ArgumentParser
import UpgradeCore

/// What `umctl` runs: the verbs, and the options that stand before any.
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umctl",
        abstract: "Upgrades gateways and looks after the installation that does so.",
        discussion: """
            Talks to the daemon of the data folder (--data DIR, UM_DATA, XDG_DATA_HOME/upgrade-manager), or to the one at --server URL (UM_SERVER),
            as the user of 'umctl login' or of UM_TOKEN.
            """,
        subcommands: [
            Push.self, GatewayVerbs.self, ReleaseVerbs.self, DeploymentVerbs.self, CompanyVerbs.self, UserVerbs.self,
            MQTTAccountVerbs.self, Events.self, Initialise.self, SampleCompanies.self, BackUp.self, RestoreBackup.self,
            ImportFiles.self, CertificateVerbs.self, Doctor.self, LogIn.self, LogOut.self, WhoAmI.self,
        ])

    func run() throws {
        // A verb is missing.
        throw CleanExit.helpRequest(self)
    }
}

/// The command line `umctl`, as a library.
public enum UpgradeManagerControl {
    /// Parses and runs one command line, and says on the console how it went.
    ///
    /// - Parameters:
    ///   - arguments: What follows the program's name.
    ///   - console: Where the verb writes and reads.
    /// - Returns: The exit code.
    public static func run(_ arguments: [String], console: Console = .standard) async -> Int32 {
        await Console.$current.withValue(console) {
            // The root must not know this option: it would take the one that `push` means for a release.
            if arguments.first == "--version" {
                console.line(VersionFlag.text)
                return ExitStatus.done
            }
            do {
                var command = try await RootCommand.asyncParseAsRoot(GlobalOptions.movedBehindVerb(arguments))
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
                return ExitStatus.done
            } catch {
                return report(error, console)
            }
        }
    }

    private static func report(_ error: any Error, _ console: Console) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        let status = RootCommand.exitCode(for: error).rawValue
        if status == ExitStatus.done {
            console.line(RootCommand.fullMessage(for: error, columns: console.columns))
            return status
        }
        // The argument parser alone uses this code; its messages may have more lines than the one that says what is wrong.
        if status == ExitStatus.usage {
            let message = RootCommand.message(for: error).split(whereSeparator: \.isNewline).first ?? "wrong usage"
            console.errorLine("umctl: \(message) (see umctl --help)")
            return status
        }
        let failure = Failure(error)
        console.errorLine("umctl: \(failure)")
        return failure.status
    }
}
