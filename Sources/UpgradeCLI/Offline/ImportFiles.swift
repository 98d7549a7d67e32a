import ArgumentParser
import UpgradeCore

/// `umctl import FILE...`
struct ImportFiles: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over the predecessor's companies, gateways and user names (mongoexport JSON).",
        discussion: """
            What is there already stays as it is. A file with a record that cannot be taken over is not taken over at all. \
            Imported users cannot log in before 'umctl user passwd' gives them a password.
            """)

    @Argument(help: "Files that mongoexport wrote: an array, or one object a line.", completion: .file())
    var files: [String]

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let folder = try options.connection.folderOfThisMachine(verb: "import")
        let installation = try await Installation.open(folder)
        let reports = try await PredecessorImport(into: installation.store).run(files: files)
        try installation.store.close()
        if options.connection.json {
            try Printer(options.connection).json(reports)
        } else {
            for report in reports where report.refused.isEmpty { show(report) }
        }
        for report in reports {
            for refusal in report.refused { Console.current.errorLine("umctl: \(report.file), \(refusal)") }
        }
        let refused = reports.filter { !$0.refused.isEmpty }.map(\.file)
        if !refused.isEmpty { throw Failure("nothing was taken over from \(refused.joined(separator: ", "))") }
    }

    private func show(_ report: ImportReport) {
        let printer = Printer(options.connection)
        printer.note("\(report.file): created \(report.created.summary); there already: \(report.skipped.summary)")
        if report.created.users > 0 {
            printer.note("the users cannot log in yet: give each a password with 'umctl user passwd USERNAME'")
        }
    }
}

extension ImportReport.Counts {
    fileprivate var summary: String {
        let companies = self.companies == 1 ? "1 company" : "\(self.companies) companies"
        let parts = [
            (self.companies, companies), (gateways, gateways.counted("gateway")), (users, users.counted("user")),
        ]
        let named = parts.filter { $0.0 > 0 }.map(\.1)
        return named.isEmpty ? "nothing" : named.joined(separator: ", ")
    }
}
