import Glibc
import Logging
import MQTTWire
import ServiceLifecycle
import Synchronization
import UnixSignals

/// A server as a process runs it: logs go to standard error, readiness to standard output, and signals stop it.
public struct DaemonRun: Sendable {
    private let configuration: ServerConfiguration

    /// A run with this configuration.
    public init(_ configuration: ServerConfiguration) { self.configuration = configuration }

    /// Runs until SIGTERM or SIGINT. A second one ends the process at once, with the status that the signal itself would have given it. SIGHUP has the
    /// certificates read again.
    ///
    /// Sets the process's log handler: to be called once.
    ///
    /// - Throws: ``StartRefusal`` when it does not start; else whatever a part of it dies of.
    public func run() async throws {
        configuration.bootstrapLogging()
        // A fleet needs one for each gateway.
        DescriptorLimit.raise()
        AddressSpace.economise()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let logger = Logger(label: "umd")
        let server = Server(configuration: configuration, logger: logger) { Self.sayReady($0) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger
            ))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                var isStopping = false
                for await signal in signals {
                    if signal == .sighup {
                        server.reloadCertificates()
                        continue
                    }
                    if isStopping { _exit(128 + signal.rawValue) }
                    isStopping = true
                    ServiceManager.tell(.stopping)
                    logger.info("stopping", metadata: ["signal": "\(signal)"])
                    await group.triggerGracefulShutdown()
                }
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    /// The one line that ever goes to standard output.
    private static func sayReady(_ endpoints: Server.Endpoints) {
        let line = Array((endpoints.readyLine + "\n").utf8)
        _ = line.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        ServiceManager.tell(.ready)
    }
}

extension ServerConfiguration {
    fileprivate func bootstrapLogging() {
        let (format, level) = (logFormat, logLevel)
        LoggingSystem.bootstrap { label in
            var handler: any LogHandler =
                switch format {
                case .text: StreamLogHandler(label: label, stream: LogLines())
                case .json: JSONLogHandler(label: label)
                }
            handler.logLevel = level
            return handler
        }
    }
}
