import ArgumentParser
import UpgradeAPI
import UpgradeCore

/// `umctl doctor`
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what is wrong with this installation, and how to mend it.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let folder = try options.connection.folderOfThisMachine(verb: "doctor")
        var findings = await Diagnosis(of: folder).findings()
        if findings.first?.state != .broken { findings.append(await daemonFinding(folder)) }
        let printer = Printer(options.connection)
        if options.connection.json {
            try printer.json(findings)
        } else {
            for finding in findings where !options.connection.quiet || finding.state != .ok {
                Console.current.line("\(finding.state.mark)  \(finding.subject): \(finding.detail)")
            }
        }
        if findings.contains(where: { $0.state == .broken }) { throw ExitCode(ExitStatus.failed) }
    }

    private func daemonFinding(_ folder: DataFolder) async -> Diagnosis.Finding {
        let endpoint = Endpoint.controlSocket(path: folder.controlSocket)
        do {
            _ = try await APIClient.connected(to: endpoint) { try await $0.releases(PageQuery(limit: 1)) }
            return .init("daemon", .ok, "answers at \(folder.controlSocket)")
        } catch {
            return isLocked(folder)
                ? .init("daemon", .broken, "\(error), though it holds the folder's lock; stop it and start it again")
                : .init("daemon", .warning, "it is not running; start it with 'umd'")
        }
    }

    private func isLocked(_ folder: DataFolder) -> Bool {
        (try? FolderLock.ifFree(folder)).flatMap { $0 } == nil
    }
}

extension Diagnosis.Finding.State {
    fileprivate var mark: String {
        switch self {
        case .ok: "ok     "
        case .warning: "warning"
        case .broken: "BROKEN "
        }
    }
}
