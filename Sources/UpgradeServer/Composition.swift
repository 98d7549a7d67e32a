import Hummingbird
import Logging
import MQTTBroker
import MQTTWire
import ServiceLifecycle
import UpgradeCore
import UpgradeProtocol

/// The parts of a server on an open installation, put together.
struct Composition {
    private let configuration: ServerConfiguration
    private let installation: Installation
    private let logger: Logger
    private let services: Services
    private let link: BrokerLink
    private let overridden: [SafeStart.Guard]
    private let access: Access
    /// What HTTP over TLS is served with; nil where HTTP is plain.
    let certificates: HTTPSCertificates?

    init(_ configuration: ServerConfiguration, _ installation: Installation, logger: Logger) async throws {
        self.configuration = configuration
        self.installation = installation
        self.logger = logger
        let disabled = DisabledGateways()
        link = BrokerLink(
            configuration: configuration.broker,
            rules: GatewayRules(secret: configuration.mqttSecret, disabled: disabled),
            logger: logger)
        let releaseStore = ReleaseStore(
            store: installation.store, copies: installation.folder.releases,
            watchedFolder: configuration.resourcesFolder ?? installation.folder.resources, logger: logger)
        let engine = UpgradeEngine(
            store: installation.store, link: link, releases: releaseStore, configuration: configuration.engine,
            logger: logger)
        services = Services(
            store: installation.store, hasher: configuration.hasher, releaseStore: releaseStore, engine: engine,
            disabled: disabled)
        certificates = try configuration.httpsCertificates(in: installation.folder)
        access = configuration.access(to: services, logger: logger)
        overridden = try SafeStart.check(
            configuration.situation(
                bootstrapPasswordIsInForce: try await services.users.bootstrapPasswordIsInForce()))
        _ = try await services.superUser()
        for gateway in try await services.disabledGateways() { disabled.set(gateway, disabled: true) }
    }

    /// Runs everything until it is shut down or cancelled.
    func run(whenReady: @escaping @Sendable (Server.Endpoints) -> Void) async throws {
        for danger in overridden { logger.warning("\(danger.danger) (--insecure-listen)") }
        let mqtt = try startBroker()
        let readiness = Readiness { [installation] http in
            whenReady(
                Server.Endpoints(
                    http: http, mqtt: mqtt, controlSocket: installation.folder.controlSocket,
                    dataFolder: installation.folder.path))
        }
        let responder = router(readiness).buildResponder()
        func listener(_ place: HTTPListener<RouterResponder<APIContext>>.Place) -> some Service {
            HTTPListener(place: place, responder: responder, readiness: readiness, logger: logger)
        }
        var group = ServiceGroupConfiguration(
            services: [
                EngineService(engine: services.engine), BrokerService(link: link),
                FolderService(releaseStore: services.releaseStore, engine: services.engine),
                listener(.controlSocket(installation.folder.controlSocket)),
                listener(.tcp(configuration.http, certificates)),
                ShutdownNotice(readiness: readiness),
            ], logger: logger)
        // What does not end by itself, such as an upload in the middle, is cut off.
        group.maximumGracefulShutdownDuration = .seconds(2)
        group.maximumCancellationDuration = .seconds(1)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            await link.stop()
            throw error
        }
    }

    private func startBroker() throws(StartRefusal) -> ListenAddress {
        do {
            let addresses = try link.start { [engine = services.engine] in engine.receive($0) }
            let port = addresses.first.map { Int($0.port) } ?? configuration.mqtt.port
            return ListenAddress(host: configuration.mqtt.host, port: port)
        } catch .transport(.addressInUse) {
            throw PortProbe.taken(configuration.mqtt, portSetting: .mqttPort)
        } catch {
            throw StartRefusal(
                "the MQTT listener does not start: \(error)",
                remedy: "choose another address with \(Setting.mqttHost.flag) and \(Setting.mqttPort.flag)")
        }
    }

    private func router(_ readiness: Readiness) -> Router<APIContext> {
        let requests = RequestCounters()
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware {
            SecurityHeaders(isHTTPS: configuration.https)
            RequestCounting(counters: requests)
            ProblemMiddleware()
            HostGuard(everybodyIsSuper: configuration.plaintext, names: configuration.httpNames)
        }
        Dispatcher(access: access).mount(API(services: services, access: access).routes, on: router)
        HealthRoutes(
            services: services, readiness: readiness,
            metrics: MetricsPage(
                gateways: services.gateways, engine: services.engine, link: link, requests: requests)
        ).mount(on: router)
        Pages(
            services: services, access: access, dangers: overridden.map(\.danger),
            resourcesFolder: configuration.resourcesFolder ?? installation.folder.resources
        ).mount(on: router)
        return router
    }
}

extension ServerConfiguration {
    fileprivate func access(to services: Services, logger: Logger) -> Access {
        Access(
            everybodyIsSuper: plaintext, services: services, sessions: SessionStore(),
            desk: LogInDesk(services: services, logger: logger), cookie: SessionCookie(isSecure: https || behindProxy),
            behindProxy: behindProxy, names: httpNames)
    }

    fileprivate func httpsCertificates(in folder: DataFolder) throws(StartRefusal) -> HTTPSCertificates? {
        guard https else { return nil }
        return try HTTPSCertificates(
            certificateFile: folder.tls + "/server.crt", keyFile: folder.tls + "/server.key")
    }

    fileprivate var broker: BrokerConfiguration {
        var limits = Limits()
        limits.writeStall = writeStall
        // Gateways send short messages. One that is too long for JSON is still read, to be counted; what is longer is not let into memory.
        limits.maximumPacketSize = 2 * ProtocolLimits.messageLength
        return BrokerConfiguration(
            listeners: [.init(host: mqtt.host, port: UInt16(clamping: mqtt.port))], limits: limits)
    }

    fileprivate var engine: EngineConfiguration {
        EngineConfiguration(
            policy: AttemptPolicy(upgradeTimeout: upgradeTimeout, orderExpiry: orderExpiry), wireVersions: wireVersions,
            newGateways: newGateways ?? (Loopback.contains(mqtt.host) ? .open : .quarantine), egressLimit: egressLimit)
    }
}
