import ArgumentParser
import UpgradeAPI
import UpgradeCore

/// The options that every verb has, but for `--version`, which two verbs need for a release's version.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The data folder.", valueName: "dir"), completion: .directory)
    var data: String?

    @Option(help: ArgumentHelp("Talk to this daemon over HTTP, such as https://fleet.example:5001.", valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp("Trust the server whose certificate is from an authority in this file.", valueName: "file"),
        completion: .file())
    var ca: String?

    @Flag(help: "Do not verify the server's certificate.")
    var insecure = false

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
            if argument == "--json" || argument == "--quiet" || argument == "--insecure"
                || argument.hasPrefix("--data=") || argument.hasPrefix("--server=") || argument.hasPrefix("--ca=")
            {
                options.append(argument)
                rest = rest.dropFirst()
            } else if ["--data", "--server", "--ca"].contains(argument) {
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

    /// The server that is named, for a verb that is about a log-in there.
    func namedServer(for verb: String) throws -> Destination {
        guard let destination = try remote() else {
            throw ValidationError(
                "\(verb) is for a server: name it with --server URL; whoever may open this machine's data folder needs no log-in"
            )
        }
        return destination
    }

    /// Runs `body` with a client of the daemon that is meant.
    func withDaemon<Result>(_ body: (APIClient) async throws -> Result) async throws -> Result {
        let environment = Console.current.environment
        let named = environment["UM_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        guard let server = try remote() else {
            return try await Destination.controlSocket(try folder().controlSocket).withClient(token: named, body)
        }
        let kept = named == nil ? try TokenDrawer(environment: environment)?.find(server.endpoint.key) : nil
        do {
            return try await server.withClient(token: named ?? kept?.token, body)
        } catch APIError.problem(let problem) where problem.status == 401 {
            throw Failure(
                named != nil
                    ? "\(server.endpoint) does not accept the token in UM_TOKEN: \(problem.detail)"
                    : "\(kept == nil ? "nobody is" : "you are no longer") logged in at \(server.endpoint): run 'umctl login --server \(server.endpoint) --username NAME'",
                status: ExitStatus.notAllowed)
        }
    }

    /// The daemon that `--server` or `UM_SERVER` names; nil for that of the data folder.
    private func remote() throws -> Destination? {
        guard let url = server ?? Console.current.environment["UM_SERVER"].flatMap({ $0.isEmpty ? nil : $0 }) else {
            if ca != nil || insecure { throw ValidationError("--ca and --insecure go with --server https://…") }
            return nil
        }
        return try Destination.server(url, authorityFile: ca, insecure: insecure)
    }
}
