import ArgumentParser
import Glibc
import MQTTBrokerStorage
import UpgradeAPI
import UpgradeCore

/// `umctl doctor`
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what is wrong with this installation, and how to mend it.",
        discussion: """
            A umd that is given certificates by --tls-cert, --tls-key and --tls-ca does not use those of its data folder: give the same options here, \
            or in the environment (UM_TLS_CERT, UM_TLS_KEY, UM_TLS_CA). Its configuration file is looked at with --config (UM_CONFIG).
            """)

    @OptionGroup var files: CertificateOptions
    @Option(help: ArgumentHelp("The configuration file that umd is given.", valueName: "file"), completion: .file())
    var config: String?

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let folder = try options.connection.folderOfThisMachine(verb: "doctor")
        var findings = await Diagnosis(
            of: folder, server: try files.server(), clientAuthority: files.clientAuthority(),
            configuration: CertificateOptions.chosen(config, "UM_CONFIG")
        ).findings()
        if findings.first?.state != .broken {
            findings.append(sessionsFinding(folder))
            findings.append(await daemonFinding(folder))
        }
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

    private func sessionsFinding(_ folder: DataFolder) -> Diagnosis.Finding {
        do {
            guard let found = try StorageInspection.of(folder: folder.broker) else {
                return .init("MQTT sessions", .ok, "none are stored")
            }
            return .init(
                "MQTT sessions", .ok,
                "\(found.sessions) stored, with \(found.messages) messages, \(found.retained) of them retained, in \(found.bytes) bytes"
            )
        } catch StorageError.missing(let path) {
            return .init("MQTT sessions", .warning, "\(StorageError.missing(path: path))")
        } catch {
            return .init("MQTT sessions", .broken, "\(error)")
        }
    }

    private func daemonFinding(_ folder: DataFolder) async -> Diagnosis.Finding {
        let endpoint = Endpoint.controlSocket(path: folder.controlSocket)
        do {
            try await APIClient.connected(to: endpoint) { try await $0.expectReadiness() }
            return .init("daemon", .ok, "ready, at \(folder.controlSocket)")
        } catch {
            if isLocked(folder) {
                return .init(
                    "daemon", .broken,
                    "\(error), though it holds the folder's lock; see its log, stop it and start it again")
            }
            let socket = folder.controlSocket
            let isLeft = access(socket, F_OK) == 0
            return .init(
                "daemon", .warning,
                "it is not running\(isLeft ? " (\(socket) is left of one that died; the next replaces it)" : ""); start it with 'umd'"
            )
        }
    }

    private func isLocked(_ folder: DataFolder) -> Bool {
        (try? FolderLock.ifFree(folder)).flatMap { $0 } == nil
    }
}

/// Where `umd` was told to find certificates.
struct CertificateOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server's certificate that umd is given.", valueName: "file"), completion: .file())
    var tlsCert: String?
    @Option(help: ArgumentHelp("Its key.", valueName: "file"), completion: .file())
    var tlsKey: String?
    @Option(
        help: ArgumentHelp("The authority of gateways' certificates that umd is given.", valueName: "file"),
        completion: .file())
    var tlsCa: String?

    /// nil: those of the data folder.
    fileprivate func server() throws -> CertificatePair? {
        switch (Self.chosen(tlsCert, "UM_TLS_CERT"), Self.chosen(tlsKey, "UM_TLS_KEY")) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return CertificatePair(certificate: certificate, key: key)
        default: throw ValidationError("--tls-cert and --tls-key go together")
        }
    }

    fileprivate func clientAuthority() -> String? { Self.chosen(tlsCa, "UM_TLS_CA") }

    fileprivate static func chosen(_ option: String?, _ variable: String) -> String? {
        option ?? Console.current.environment[variable].flatMap { $0.isEmpty ? nil : $0 }
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
