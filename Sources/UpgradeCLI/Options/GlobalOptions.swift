import ArgumentParser
import UpgradeAPI
import UpgradeCore

/// The options that every verb has, but for `--version`, which two verbs need for a release's version.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data folder.", valueName: "dir"), completion: .directory)
    var data: String?

    @Option(help: ArgumentHelp("Talk to this daemon over HTTP, such as http://127.0.0.1:5001.", valueName: "url"))
    var server: String?

    @Flag(help: "Print the API's JSON bodies.")
    var json = false

    @Flag(help: "Print nothing but what was asked for, and errors.")
    var quiet = false
}

/// The options that every verb has.
struct GlobalOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var version: VersionFlag
}

/// `--version`, where it does not stand for a release's version.
struct VersionFlag: ParsableArguments {
    @Flag(name: .customLong("version"), help: "Print the program's version.")
    var isAsked = false

    /// What is printed.
    static let text = "umctl \(SoftwareVersion.current)"

    func validate() throws {
        if isAsked { throw CleanExit.message(Self.text) }
    }
}

extension GlobalOptions {
    /// Moves the options that every verb has behind the verb, for a verb of two words (`gateway --json list`) also from between them:
    /// the argument parser would look for them in the first word's options.
    static func movedBehindVerb(_ arguments: [String]) -> [String] {
        var words: [String] = []
        var options: [String] = []
        var rest = arguments[...]
        while words.count < 2, let argument = rest.first, argument != "--" {
            if argument == "--json" || argument == "--quiet" || argument.hasPrefix("--data=")
                || argument.hasPrefix("--server=")
            {
                options.append(argument)
                rest = rest.dropFirst()
            } else if argument == "--data" || argument == "--server" {
                options += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else if argument.hasPrefix("-") {
                break
            } else {
                words.append(argument)
                rest = rest.dropFirst()
            }
        }
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return words + rest[..<end] + options + rest[end...]
    }
}

extension ConnectionOptions {
    /// The data folder that is meant.
    func folder() throws -> DataFolder {
        try DataFolder.resolved(option: data, environment: Console.current.environment)
    }

    /// The data folder, for a verb that works on its files.
    func folderOfThisMachine(verb: String) throws -> DataFolder {
        if server != nil {
            throw ValidationError("\(verb) works on the data folder of this machine; leave out --server")
        }
        return try folder()
    }

    /// Runs `body` with a client of the daemon that is meant.
    func withDaemon<Result>(_ body: (APIClient) async throws -> Result) async throws -> Result {
        let environment = Console.current.environment
        let endpoint: Endpoint
        if let url = server ?? environment["UM_SERVER"].flatMap({ $0.isEmpty ? nil : $0 }) {
            do {
                endpoint = try Endpoint.server(url)
            } catch {
                throw ValidationError("\(error)")
            }
        } else {
            endpoint = .controlSocket(path: try folder().controlSocket)
        }
        do {
            return try await APIClient.connected(to: endpoint, token: environment["UM_TOKEN"], body)
        } catch APIError.unreachable(let address, let reason) where address == endpoint.description {
            let remedy = address.hasPrefix("/") ? "; is umd running on this data folder?" : ""
            throw Failure("cannot reach the daemon at \(address): \(reason)\(remedy)", status: ExitStatus.unreachable)
        }
    }
}
