import Logging
import MQTTWire
import ServiceLifecycle
import UpgradeCore

/// Warns of certificates whose end is near, at the start and every day, and brings new ones into force when somebody asks.
struct CertificateService: Service {
    private static let checkInterval = Duration.seconds(86_400)

    let certificates: ServerCertificates
    let reloads: ReloadRequests
    /// Serves new connections with another certificate.
    let use: @Sendable (TLSServerContext) throws -> Void
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    while true {
                        warn()
                        try await Task.sleep(for: Self.checkInterval)
                    }
                }
                tasks.addTask { for await _ in reloads.stream { await reload() } }
                do {
                    try await tasks.waitForAll()
                } catch is CancellationError {}
            }
        }
    }

    private func warn() {
        for concern in certificates.concerns() {
            logger.log(
                level: concern.severity == .broken ? .error : .warning, "a certificate needs attention",
                metadata: ["problem": "\(concern.problem)", "mend": "\(concern.commands.joined(separator: " && "))"])
        }
    }

    private func reload() async {
        do {
            do {
                try useFiles()
            } catch {
                // Between the renaming of a key and that of its certificate the two do not match.
                try await Task.sleep(for: .milliseconds(500))
                try useFiles()
            }
        } catch {
            logger.error("the certificates stay as they were: what is in the files cannot be used", error: error)
        }
        warn()
    }

    private func useFiles() throws {
        let context = try certificates.load()
        try use(context)
        logger.notice(
            "the certificates were read again",
            metadata: ["subject": "\(context.certificate.subject)", "file": "\(certificates.pair.certificate)"])
    }
}

/// Takes wishes to read certificates again where there are none.
struct NothingToReload: Service {
    let reloads: ReloadRequests
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in reloads.stream { logger.notice("there are no certificates to read again without TLS") }
        }
    }
}
