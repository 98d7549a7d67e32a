import FoundationEssentials
import Hummingbird
import Logging
import MQTTBroker
import MQTTBrokerStorage
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
    private let certificates: ServerCertificates?
    private let certificateInForce: CertificateInForce?
    /// What HTTP over TLS is served with; nil where HTTP is plain.
    private let httpsCertificates: HTTPSCertificates?
    private let reloads: ReloadRequests
    private let access: Access
    private let dangers: Dangers

    init(
        _ configuration: ServerConfiguration, _ installation: Installation, _ reloads: ReloadRequests, logger: Logger
    ) async throws {
        self.configuration = configuration
        self.installation = installation
        self.reloads = reloads
        self.logger = logger
        certificates = configuration.usesCertificates ? ServerCertificates(configuration) : nil
        if let made = try certificates?.makeIfAbsent() { logger.made(made) }
        let tls = try certificates?.load()
        certificateInForce = tls.map { CertificateInForce($0) }
        httpsCertificates = configuration.https ? try certificates?.forHTTP() : nil
        let directory = try await IdentityDirectory(installation.store)
        let incoming = IncomingEvents()
        link = BrokerLink(
            configuration: configuration.broker(tls: configuration.plaintext ? nil : tls),
            sessions: try Self.sessions(in: installation.folder, logger), incoming: incoming,
            hooks: BrokerHooks(
                store: installation.store, secret: configuration.mqttSecret, directory: directory, incoming: incoming,
                logger: logger),
            logger: logger)
        let releaseStore = ReleaseStore(
            store: installation.store, copies: installation.folder.releases,
            watchedFolder: configuration.resourcesFolder ?? installation.folder.resources, logger: logger)
        let engine = UpgradeEngine(
            store: installation.store, link: link, releases: releaseStore, configuration: configuration.engine,
            logger: logger)
        services = Services(
            store: installation.store, hasher: configuration.hasher, releaseStore: releaseStore, engine: engine,
            identities: LiveIdentities(directory: directory, link: link).changes,
            fleetUsername: configuration.mqttSecret.username)
        dangers = Dangers(configuration: configuration, users: services.users)
        access = configuration.access(
            to: services, tokens: try await TokenDesk(services.apiTokens, logger: logger), logger: logger)
        _ = try await services.superUser()
    }

    /// Runs everything until it is shut down or cancelled.
    func run(whenReady: @escaping @Sendable (Server.Endpoints) -> Void) async throws {
        for danger in try await dangers.present { logger.warning("\(danger)") }
        let (mqtt, webSocket) = try startBroker()
        let readiness = Readiness { [installation, configuration] http in
            whenReady(
                Server.Endpoints(
                    http: http, isHTTPS: configuration.https, mqtt: mqtt, isMQTTS: !configuration.plaintext,
                    webSocket: webSocket,
                    controlSocket: installation.folder.controlSocket,
                    dataFolder: installation.folder.path))
        }
        let responder = router(readiness).buildResponder()
        func listener(_ place: HTTPListener<RouterResponder<APIContext>>.Place) -> some Service {
            HTTPListener(place: place, responder: responder, readiness: readiness, logger: logger)
        }
        let logInChanges = try services.store.changes.subscribe(as: .operator)
        var group = ServiceGroupConfiguration(
            services: [
                EngineService(engine: services.engine), BrokerService(link: link),
                FolderService(releaseStore: services.releaseStore, engine: services.engine), certificateService,
                RetentionService(
                    retention: EventRetention(
                        store: services.store, keepingFor: configuration.eventRetention, logger: logger)),
                LogInWatch(bell: access.sessions.bell, changes: logInChanges),
                listener(.controlSocket(installation.folder.controlSocket)),
                listener(.tcp(configuration.http, httpsCertificates)),
                ShutdownNotice(readiness: readiness),
            ], logger: logger)
        // What does not end by itself, such as an upload in the middle, is cut off.
        group.maximumGracefulShutdownDuration = .seconds(2)
        // Whatever does not end when it is cancelled ends the process the hard way: no matter of a second on a busy machine.
        group.maximumCancellationDuration = .seconds(15)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            await link.stop()
            throw error
        }
    }

    private var certificateService: any Service {
        guard let certificates else { return NothingToReload(reloads: reloads, logger: logger) }
        return CertificateService(
            certificates: certificates, reloads: reloads,
            use: { [link, httpsCertificates, certificateInForce] context in
                // The one that can fail comes first: both change, or neither.
                try httpsCertificates?.reload()
                link.useForNewConnections(context)
                certificateInForce?.replace(by: context)
            }, logger: logger)
    }

    private static func sessions(in folder: DataFolder, _ logger: Logger) throws(StartRefusal) -> DiskSessionStore {
        do {
            return try DiskSessionStore(folder: folder.broker, logger: logger)
        } catch {
            throw StartRefusal("\(error)")
        }
    }

    private func startBroker() throws(StartRefusal) -> (mqtt: ListenAddress, webSocket: ListenAddress?) {
        do {
            let addresses = try link.start { [engine = services.engine] in engine.receive($0) }
            let places = addresses.map { ListenAddress(host: configuration.mqttHost, port: Int($0.port)) }
            return (places.first ?? configuration.mqtt, configuration.webSocket.flatMap { _ in places.last })
        } catch .transport(.addressInUse(_, let port)) {
            guard let webSocket = configuration.webSocket, webSocket.port == port else {
                throw PortProbe.taken(configuration.mqtt, portSetting: configuration.mqttPortSetting)
            }
            throw PortProbe.taken(webSocket, portSetting: .websocketPort)
        } catch .store(let reason) {
            throw StartRefusal(reason)
        } catch {
            throw StartRefusal(
                "the MQTT listener does not start: \(error)",
                remedy: "choose another address with \(Setting.mqttHost.flag) and \(configuration.mqttPortSetting.flag)"
            )
        }
    }

    /// Everything that is answered over HTTP.
    func router(_ readiness: Readiness) -> Router<APIContext> {
        let requests = RequestCounters()
        let pages = Pages(
            services: services, access: access, dangers: dangers,
            resourcesFolder: configuration.resourcesFolder ?? installation.folder.resources)
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware {
            HeadAnswers()
            SecurityHeaders(isHTTPS: configuration.https)
            RequestCounting(counters: requests)
            ProblemMiddleware()
            HostGuard(everybodyIsSuper: configuration.plaintext, names: configuration.httpNames)
            ProblemPages(pages: pages)
        }
        Dispatcher(access: access).mount(API(services: services, access: access).routes, on: router)
        HealthRoutes(
            services: services, readiness: readiness,
            metrics: MetricsPage(
                store: services.store, gateways: services.gateways, engine: services.engine, link: link,
                requests: requests,
                certificateExpiry: { [certificateInForce] in certificateInForce?.expiry }),
            access: access, everybodyIsNear: Loopback.contains(configuration.http.host) && !configuration.behindProxy
        ).mount(on: router)
        pages.mount(on: router)
        return router
    }
}

extension ServerConfiguration {
    /// Whether anything that listens has a certificate.
    fileprivate var usesCertificates: Bool { !plaintext || https }

    fileprivate func access(to services: Services, tokens: TokenDesk, logger: Logger) -> Access {
        Access(
            everybodyIsSuper: plaintext, services: services, sessions: SessionStore(),
            desk: LogInDesk(services: services, logger: logger), tokens: tokens,
            cookie: SessionCookie(isSecure: https || behindProxy), behindProxy: behindProxy, names: httpNames)
    }

    /// What the process needs for itself: for the databases and their readers, and for the loops of each processor.
    private static var ownDescriptors: Int { 32 + 8 * ProcessInfo.processInfo.activeProcessorCount }

    fileprivate func broker(tls: TLSServerContext?) -> BrokerConfiguration {
        var limits = Limits()
        limits.writeStall = writeStall
        // Gateways send short messages. One that is too long for JSON is still read, to be counted; what is longer is not let into memory.
        limits.maximumPacketSize = 2 * ProtocolLimits.messageLength
        // Strangers never have all the descriptors: gateways and people need some.
        let descriptors = DescriptorLimit.current - Self.ownDescriptors
        limits.unauthenticated = min(limits.unauthenticated, max(1, descriptors / 2))
        limits = limits.fitting(memory: MemoryLimit.current)
        var listeners = [BrokerConfiguration.Listener(host: mqtt.host, port: UInt16(clamping: mqtt.port), tls: tls)]
        if let webSocket {
            let policy = WebSocketPolicy(originHosts: WebSocketPolicy.loopbackHosts.union(httpNames))
            listeners.append(
                .init(host: webSocket.host, port: UInt16(clamping: webSocket.port), tls: tls, webSocket: policy))
        }
        var configuration = BrokerConfiguration(listeners: listeners, limits: limits)
        configuration.version = "umd \(ServerVersion.current)"
        return configuration
    }

    fileprivate var engine: EngineConfiguration {
        EngineConfiguration(
            policy: AttemptPolicy(upgradeTimeout: upgradeTimeout, orderExpiry: orderExpiry), wireVersions: wireVersions,
            newGateways: newGateways ?? (Loopback.contains(mqttHost) ? .open : .quarantine), egressLimit: egressLimit)
    }
}

extension Logger {
    /// Says what the first start made, and what clients are to trust.
    fileprivate func made(_ made: TLSFiles.Made) {
        notice(
            "made a server certificate; clients trust it by the authority in ca.crt beside it",
            metadata: [
                "file": "\(made.files.certificate)",
                "names": "\(made.certificate.alternativeNames.joined(separator: " "))",
                "authority": "\(made.authority?.subject ?? "none")",
                "fingerprint": "\(made.authority?.fingerprint ?? made.certificate.fingerprint)",
            ])
    }
}
