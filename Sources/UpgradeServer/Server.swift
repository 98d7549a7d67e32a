public import Logging
public import ServiceLifecycle
import UpgradeCore

/// The whole server: broker, upgrade logic and HTTP, as one service. `umd` and tests run the same.
///
/// It runs until it is shut down gracefully or cancelled, and then stops its parts in the reverse of the order in which they need each other:
/// first nobody is answered any more, then gateways are disconnected, then the engine writes what is left.
public struct Server: Service {
    /// What a server that is ready can be reached by.
    public struct Endpoints: Sendable, Equatable {
        /// Where HTTP listens, with the real port.
        public let http: ListenAddress
        /// Whether HTTP is served over TLS.
        public let isHTTPS: Bool
        /// Where MQTT listens, with the real port.
        public let mqtt: ListenAddress
        /// Whether MQTT is served over TLS.
        public let isMQTTS: Bool
        /// Where MQTT over WebSocket listens, with the real port; nil if it does not.
        public let webSocket: ListenAddress?
        /// The path of the control socket.
        public let controlSocket: String
        /// The path of the data folder.
        public let dataFolder: String

        /// The line by which `umd` says that it is ready.
        public var readyLine: String {
            ReadyLine(
                http: "\(isHTTPS ? "https" : "http")://\(http.authority)",
                mqtt: "\(isMQTTS ? "mqtts" : "mqtt")://\(mqtt.authority)", dataFolder: dataFolder,
                webSocket: webSocket.map { "\(isMQTTS ? "wss" : "ws")://\($0.authority)" }
            ).description
        }
    }

    private let configuration: ServerConfiguration
    private let logger: Logger
    private let whenReady: @Sendable (Endpoints) -> Void
    private let reloads = ReloadRequests()

    /// A server that does nothing until ``run()``.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens, on which data folder, and how it behaves.
    ///   - logger: Takes what there is to tell.
    ///   - whenReady: Called once, when everything listens.
    public init(
        configuration: ServerConfiguration, logger: Logger = Logger(label: "umd"),
        whenReady: @escaping @Sendable (Endpoints) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.whenReady = whenReady
    }

    /// Runs the server. To be called once.
    ///
    /// - Throws: ``StartRefusal`` when it does not start; else whatever a part of it dies of.
    public func run() async throws {
        // What must fail is to fail before anything is made.
        try configuration.checkPlaces()
        try PortProbe.check(configuration.http, portSetting: .httpPort, hostSetting: .httpHost)
        try PortProbe.check(
            configuration.mqtt, portSetting: configuration.mqttPortSetting, hostSetting: .mqttHost)
        if let webSocket = configuration.webSocket {
            try PortProbe.check(webSocket, portSetting: .websocketPort, hostSetting: .mqttHost)
        }
        _ = try SafeStart.check(configuration.situation(bootstrapPasswordIsInForce: willStartAfresh))
        try configuration.checkNamedCertificates()

        let (lock, installation) = try await openInstallation()
        defer {
            do {
                try installation.store.close()
            } catch {
                logger.error("the database did not close", error: error)
            }
            // The lock's life ends with the last use of it.
            withExtendedLifetime(lock) {}
        }
        let users = UserService(store: installation.store, hasher: configuration.hasher)
        _ = try SafeStart.check(
            configuration.situation(bootstrapPasswordIsInForce: try await users.bootstrapPasswordIsInForce()))
        let composition = try await Composition(configuration, installation, reloads, logger: logger)
        try await composition.run(whenReady: whenReady)
    }

    /// Has certificates and keys read again, for the connections that come from then on. A file that is broken leaves the old ones in force, and the log
    /// says so.
    public func reloadCertificates() { reloads.add() }

    /// Whether the data folder will be initialised, and have the well-known super user. What is wrong with a folder is said when it is opened.
    private var willStartAfresh: Bool { (try? configuration.dataFolder.contents()) == .nothing }

    private func openInstallation() async throws -> (FolderLock, Installation) {
        do {
            try configuration.dataFolder.create()
            let lock = try FolderLock(configuration.dataFolder)
            let installation = try await Installation.openOrInitialise(under: lock)
            if installation.isNew {
                logger.notice(
                    "the data folder was initialised: log in as the super user and change the password",
                    metadata: ["data": "\(installation.folder.path)", "user": "\(Bootstrap.username)"])
            } else if installation.hasNewMarker {
                logger.warning(
                    "the marker of the data folder was missing and was written anew, from what the database says",
                    metadata: ["marker": "\(installation.folder.marker)"])
            }
            return (lock, installation)
        } catch let error as InstallationError {
            throw StartRefusal(error)
        } catch let error as StoreError {
            throw StartRefusal(error)
        }
    }
}

extension Server: CustomStringConvertible {
    /// Its name among services, in logs.
    public var description: String { "Server" }
}

extension ServerConfiguration {
    /// The bytes of a Unix socket's path, without the zero byte that ends it.
    private static let longestSocketPath = 107

    /// Refuses places that no listener can have.
    fileprivate func checkPlaces() throws(StartRefusal) {
        let socket = dataFolder.controlSocket
        guard socket.utf8.count <= Self.longestSocketPath else {
            throw StartRefusal(
                "the control socket \(socket) has a path of \(socket.utf8.count) bytes, the most is \(Self.longestSocketPath)",
                remedy: "choose a data folder with a shorter path with \(Setting.data.flag)")
        }
        var taken = [(http, "HTTP", Setting.httpPort)]
        for place in [(mqtt, "MQTT", mqttPortSetting)] + (webSocket.map { [($0, "WebSocket", .websocketPort)] } ?? []) {
            if let other = taken.first(where: { $0.0 == place.0 && place.0.port != 0 }) {
                throw StartRefusal(
                    "\(other.1) and \(place.1) are both to listen on port \(place.0.port)",
                    remedy: "choose different ones with \(other.2.flag) and \(place.2.flag)")
            }
            taken.append(place)
        }
    }

    /// Refuses certificates that were named and cannot be used. Those of the data folder are looked at when it is open.
    fileprivate func checkNamedCertificates() throws(StartRefusal) {
        guard tls.server != nil, !plaintext || https else { return }
        _ = try ServerCertificates(self).load()
    }

    func situation(bootstrapPasswordIsInForce: Bool) -> SafeStart.Situation {
        SafeStart.Situation(
            plaintext: plaintext, httpIsBeyondLoopback: !Loopback.contains(http.host),
            mqttIsBeyondLoopback: !Loopback.contains(mqttHost), bootstrapPasswordIsInForce: bootstrapPasswordIsInForce,
            defaultSecretIsInForce: mqttSecret.password == MQTTSecret.standard.password,
            acceptsDefaultSecret: acceptsDefaultSecret, newGatewaysAreOpen: newGateways == .open, https: https,
            behindProxy: behindProxy, insecureListen: insecureListen)
    }
}
