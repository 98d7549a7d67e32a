public import Logging
import MQTTWire
import Synchronization
public import UpgradeProtocol

/// The gateway's side of the protocol: it connects, subscribes, announces itself, receives and verifies, hands executables to an ``Installer``, and reports what
/// became of them.
///
/// ```swift
/// let agent = GatewayAgent(configuration) { executable in
///     try executable.write(to: "/opt/app/new")
///     return try Version("1.2")
/// } keep: { executable in
///     try executable.write(to: "/opt/app/later")
/// }
/// try await agent.run()
/// ```
///
/// One installation runs at a time; of executables that come meanwhile the newest is next. A connection that is lost is made again, and an installation goes on
/// without one: its result is reported when there is one.
public final class GatewayAgent: Sendable {
    /// What the agent was made with.
    public let configuration: GatewayConfiguration

    private let installer: any Installer
    private let logger: Logger?
    private let onEvent: @Sendable (GatewayEvent) -> Void
    private let inputs: AsyncStream<GatewayMachine.Input>
    private let feed: AsyncStream<GatewayMachine.Input>.Continuation
    private let hasRun = Atomic(false)

    /// An agent that does nothing until ``run()``.
    ///
    /// - Parameters:
    ///   - configuration: who the gateway is, and where the server.
    ///   - installer: how an executable gets to run.
    ///   - logger: hears every event, at info and below; nil: no log.
    ///   - onEvent: hears every event, in order. It must return soon; the agent waits for it.
    public init(
        _ configuration: GatewayConfiguration, installer: any Installer,
        logger: Logger? = nil,
        onEvent: @escaping @Sendable (GatewayEvent) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.installer = installer
        self.logger = logger
        self.onEvent = onEvent
        (inputs, feed) = AsyncStream.makeStream()
    }

    /// An agent whose installer is two closures; see ``Installer`` for what they may and must do.
    ///
    /// - Parameters:
    ///   - configuration: who the gateway is, and where the server.
    ///   - logger: hears every event, at info and below; nil: no log.
    ///   - onEvent: hears every event, in order. It must return soon; the agent waits for it.
    ///   - install: installs an executable at once and returns the version that runs then.
    ///   - keep: keeps a download for later.
    public convenience init(
        _ configuration: GatewayConfiguration, logger: Logger? = nil,
        onEvent: @escaping @Sendable (GatewayEvent) -> Void = { _ in },
        install: @escaping @Sendable (Executable) async throws -> Version,
        keep: @escaping @Sendable (Executable) async throws -> Void = { _ in }
    ) {
        let installer = ClosureInstaller(installing: install, keeping: keep)
        self.init(configuration, installer: installer, logger: logger, onEvent: onEvent)
    }

    /// Asks the cloud for a version, again and again until it comes and ``Installer/keep(_:)`` gets it, or until another is asked for.
    ///
    /// The cloud does not answer when it has no such version.
    public func requestDownload(of version: Version) {
        feed.yield(.download(version))
    }

    /// Installs an executable that was kept, as if it had come as UPGRADE: in its turn, with a report at its end.
    public func install(_ executable: Executable) {
        feed.yield(.install(executable))
    }

    /// Is the gateway until its task is cancelled; then it says goodbye to the server, waits for the installer's end, and returns. An agent runs once.
    ///
    /// - Throws: ``GatewayError``, at once or never.
    public func run() async throws(GatewayError) {
        guard !hasRun.exchange(true, ordering: .relaxed) else { throw .alreadyRun }
        let (client, topics) = try connection()
        var machine = GatewayMachine(configuration, state: try savedState())
        client.start()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.poll() }
            for await input in inputs {
                for action in machine.handle(input) { perform(action, client, topics, &group) }
            }
            group.cancelAll()
            await client.disconnect()
        }
    }

    private func connection() throws(GatewayError) -> (MQTTClient, GatewayTopics) {
        let feed = feed
        let (topics, settings): (GatewayTopics, MQTTClient.Configuration)
        do {
            topics = try GatewayTopics(configuration.gatewayID)
            settings = try MQTTClient.Configuration(configuration)
        } catch {
            throw .client(.invalid(error))
        }
        do {
            let client = try MQTTClient(settings, loop: configuration.loop) { state in
                feed.yield(.connection(state))
            } onMessage: { message in
                feed.yield(.received(message))
            }
            return (client, topics)
        } catch {
            throw .client(error)
        }
    }

    private func savedState() throws(GatewayError) -> StatusMessage? {
        do {
            return try configuration.stateFile?.read()
        } catch {
            throw .stateFile(error)
        }
    }

    private func poll() async {
        guard configuration.pollInterval > .zero else { return }
        // Until it is cancelled.
        while (try? await Task.sleep(for: configuration.pollInterval)) != nil { feed.yield(.pollIsDue) }
    }

    // MARK: Actions

    private func perform(
        _ action: GatewayMachine.Action, _ client: MQTTClient, _ topics: GatewayTopics,
        _ group: inout DiscardingTaskGroup
    ) {
        switch action {
        case .subscribe(let connection): subscribe(client, topics, connection)
        case .report(let status): report(status, client, topics)
        case .ask(let verb, let body):
            // Lost with its connection, a request would be stale: the next connection asks anew.
            client.publish(publication(to: topics[verb], body, .atMostOnce)) { _ in }
        case .install(let executable): group.addTask { await self.runInstaller(on: executable) }
        case .keep(let executable): group.addTask { await self.runKeeper(on: executable) }
        case .save(let status): save(status)
        case .tell(let event): tell(event)
        }
    }

    private func subscribe(_ client: MQTTClient, _ topics: GatewayTopics, _ connection: Int) {
        let feed = feed
        client.subscribe(topics.subscriptions) { result in
            switch result {
            case .success: feed.yield(.subscribed(connection: connection, refusal: nil))
            case .failure(let error): feed.yield(.subscribed(connection: connection, refusal: error))
            }
        }
    }

    private func report(_ status: StatusMessage, _ client: MQTTClient, _ topics: GatewayTopics) {
        let feed = feed
        client.publish(publication(to: topics[.status], status.encoded(), .atLeastOnce)) { result in
            switch result {
            case .success: feed.yield(.statusAnswered(status, refusal: nil))
            case .failure(let error): feed.yield(.statusAnswered(status, refusal: error))
            }
        }
    }

    private func publication(to topic: TopicName, _ body: [UInt8], _ qos: QoS) -> MQTTPublication {
        let frame = Frame(
            timestamp: FrameHeader.timestamp(unixSeconds: WallClock.milliseconds / 1000), payload: body)
        return MQTTPublication(topic: topic, payload: frame.encoded(), qos: qos)
    }

    private func runInstaller(on executable: Executable) async {
        do {
            let version = try await installer.install(executable)
            feed.yield(.installationEnded(.success(version), time: WallClock.milliseconds))
        } catch {
            // An installer that gives up because the agent ends has not failed.
            guard !Task.isCancelled else { return }
            let failure = InstallationFailure(error, of: executable)
            feed.yield(.installationEnded(.failure(failure), time: WallClock.milliseconds))
        }
    }

    private func runKeeper(on executable: Executable) async {
        do {
            try await installer.keep(executable)
            feed.yield(.keepingEnded(executable, nil))
        } catch {
            guard !Task.isCancelled else { return }
            feed.yield(.keepingEnded(executable, InstallationFailure(error, of: executable)))
        }
    }

    private func save(_ status: StatusMessage) {
        guard let file = configuration.stateFile else { return }
        do {
            // It blocks for the disk, some milliseconds, as often as this gateway is upgraded: the report must not leave before.
            try file.write(status)
        } catch {
            tell(.stateNotSaved(error))
        }
    }

    private func tell(_ event: GatewayEvent) {
        onEvent(event)
        logger?.log(
            level: event.logLevel, "\(event)", metadata: ["gateway": "\(configuration.gatewayID)"], source: nil)
    }
}

extension GatewayEvent {
    /// Libraries log at info or below: what is worth an alarm, the program decides.
    fileprivate var logLevel: Logger.Level {
        switch self {
        case .connected, .disconnected, .installing, .installed, .installationFailed, .kept, .keepingFailed,
            .frameRejected, .stateNotSaved:
            .info
        default: .debug
        }
    }
}
