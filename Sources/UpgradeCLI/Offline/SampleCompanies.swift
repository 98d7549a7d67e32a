import ArgumentParser
import UpgradeCore
import UpgradeProtocol

/// `umctl sample-companies`
struct SampleCompanies: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample-companies", abstract: "Add the companies 2 (registered) and 3 to try things out with.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let folder = try options.connection.folderOfThisMachine(verb: "sample-companies")
        let installation = try await Installation.open(folder)
        let made = try await Bootstrap(store: installation.store, hasher: PasswordHasher()).addSampleCompanies()
        try installation.store.close()
        let ids = made.map(\.rawValue)
        if options.connection.json { return try Printer(options.connection).json(ids) }
        Printer(options.connection).note(
            ids.isEmpty
                ? "the companies 2 and 3 are there already; nothing was changed"
                : "made \(ids.count == 1 ? "company" : "the companies") \(ids.joined(separator: " and "))")
    }
}
