import MQTTWire
import UpgradeProtocol

/// What a gateway knows and does next: a value without I/O. The agent hands it what happens and performs what it answers.
struct GatewayMachine {
    /// Something that happened.
    enum Input: Sendable {
        case connection(MQTTClient.State)
        /// A SUBSCRIBE of the connection with that number was answered.
        case subscribed(connection: Int, refusal: MQTTClientError?)
        case received(MQTTMessage)
        case pollIsDue
        case statusAnswered(StatusMessage, refusal: MQTTClientError?)
        /// `time`: milliseconds since 1970.
        case installationEnded(Result<Version, InstallationFailure>, time: Int64)
        case keepingEnded(Executable, InstallationFailure?)
        /// The program wants an executable installed.
        case install(Executable)
        /// The program wants a version downloaded.
        case download(Version)
    }

    /// Something to do, in this order.
    enum Action {
        case subscribe(connection: Int)
        case report(StatusMessage)
        case ask(GatewayVerb, body: [UInt8])
        case install(Executable)
        case keep(Executable)
        case save(StatusMessage)
        case tell(GatewayEvent)
    }

    private enum Connection {
        case down
        /// Stands; the subscriptions do not yet.
        case subscribing
        /// The cloud has been told who is there.
        case announced
    }

    private let gatewayID: GatewayID
    private let companyID: CompanyID
    private let downloads: GatewayConfiguration.DownloadPolicy
    private var connection = Connection.down
    private var connectionNumber = 0
    private var version: Version
    private var lastUpgrade: Int64?
    /// A failed installation of which no STATUS has told yet.
    private var failure: InstallationFailure?
    private var installations = InstallerSlot()
    private var downloaded = InstallerSlot()
    /// The version that was asked for and has not come.
    private var wanted: Version?
    /// The version that came last as a download and is kept, or about to be.
    private var kept: Version?
    private var badFrames = 0

    /// A gateway that has not connected yet.
    ///
    /// - Parameters:
    ///   - configuration: who it is and what it does.
    ///   - state: what it knows from before its restart.
    init(_ configuration: GatewayConfiguration, state: StatusMessage?) {
        gatewayID = configuration.gatewayID
        companyID = configuration.companyID
        downloads = configuration.downloads
        version = state?.version ?? configuration.version
        lastUpgrade = state?.timestamp
        failure = state.flatMap { state in
            state.failed.map { InstallationFailure(version: state.failedVersion, reason: $0) }
        }
    }

    /// What a STATUS says now.
    private var status: StatusMessage {
        StatusMessage(
            companyID: companyID, version: version, timestamp: lastUpgrade, failed: failure?.reason,
            failedVersion: failure?.version)
    }

    /// Takes in what happened and answers what to do.
    mutating func handle(_ input: Input) -> [Action] {
        switch input {
        case .connection(let state): connectionChanged(state)
        case .subscribed(let number, let refusal): subscribed(number, refusal)
        case .received(let message): received(message)
        case .pollIsDue: connection == .announced ? requests : []
        case .statusAnswered(let status, let refusal): statusAnswered(status, refusal)
        case .installationEnded(let result, let time): installationEnded(result, at: time)
        case .keepingEnded(let executable, let failure): keepingEnded(executable, failure)
        case .install(let executable): install(executable)
        case .download(let version): download(version)
        }
    }

    // MARK: Connection

    private mutating func connectionChanged(_ state: MQTTClient.State) -> [Action] {
        let wasConnected = connection != .down
        switch state {
        case .connected:
            connection = .subscribing
            connectionNumber += 1
            // First the subscriptions, then the announcement: the answers find them standing.
            return [.tell(.connected), .subscribe(connection: connectionNumber)]
        case .waiting(let error, let delay):
            connection = .down
            return [.tell(.disconnected(error, wasConnected: wasConnected, retryAfter: delay))]
        case .disconnected(let error?):
            connection = .down
            return [.tell(.disconnected(error, wasConnected: wasConnected, retryAfter: nil))]
        case .disconnected(nil), .connecting, .ended: return []
        }
    }

    private mutating func subscribed(_ number: Int, _ refusal: MQTTClientError?) -> [Action] {
        // The answer to the SUBSCRIBE of a connection that was lost may come on the next one, which has its own.
        guard number == connectionNumber, connection == .subscribing else { return [] }
        connection = .announced
        return (refusal.map { [.tell(.subscriptionRefused($0))] } ?? []) + [.report(status)] + requests
    }

    private var requests: [Action] {
        [.ask(.requestLatestVersion, body: []), .ask(.requestAvailableVersions, body: [])]
            + (wanted.map { [.ask(.requestUpgrade, body: UpgradeRequestMessage(version: $0).encoded())] } ?? [])
    }

    private mutating func statusAnswered(_ status: StatusMessage, _ refusal: MQTTClientError?) -> [Action] {
        if let refusal {
            // Of other errors the connection dies, and the next one begins with a STATUS.
            guard case .publishRefused = refusal else { return [] }
            return [.tell(.reportRefused(refusal))]
        }
        guard let told = status.failed, told == self.status.failed, status.failedVersion == failure?.version else {
            return [.tell(.reported(status))]
        }
        failure = nil
        return [.save(self.status), .tell(.reported(status))]
    }

    // MARK: Messages

    private mutating func received(_ message: MQTTMessage) -> [Action] {
        guard let topic = try? Topic(parsing: message.topic.text), case .toGateway(let verb, let addressee) = topic,
            addressee == nil || addressee == gatewayID
        else { return [] }
        do {
            try message.payload.withSpan { (frame) throws(FrameError) in
                let header = try FrameHeader(decoding: frame)
                try header.validate(payload: frame.extracting(droppingFirst: ProtocolLimits.frameHeaderLength))
            }
        } catch {
            badFrames += 1
            return [.tell(.frameRejected(topic, error, count: badFrames))]
        }
        do throws(MessageError) {
            switch verb {
            case .latestVersion:
                return latestVersion(try LatestVersionMessage(decoding: message.body).version)
            case .availableVersions:
                return [.tell(.availableVersions(try AvailableVersionsMessage(decoding: message.body).versions))]
            case .upgrade, .downloadUpgrade:
                guard !message.retain else { return [.tell(.retainedExecutableIgnored(topic))] }
                return verb == .upgrade
                    ? install(Executable(frame: message.payload, requestedVersion: nil))
                    : downloadCame(message.payload)
            }
        } catch {
            return [.tell(.messageRejected(topic, error))]
        }
    }

    private mutating func latestVersion(_ latest: Version) -> [Action] {
        let told = [Action.tell(.latestVersion(latest))]
        guard downloads == .requestDownloadOfLatest, latest != version, latest != kept, latest != wanted else {
            return told
        }
        return told + download(latest)
    }

    // MARK: Installations

    private mutating func install(_ executable: Executable) -> [Action] {
        switch installations.admit(executable) {
        case .begins: [.tell(.installing(byteCount: executable.count)), .install(executable)]
        case .waits: [.tell(.installationQueued(byteCount: executable.count))]
        case .repeats: [.tell(.repeatedUpgradeIgnored(byteCount: executable.count))]
        }
    }

    private mutating func installationEnded(_ result: Result<Version, InstallationFailure>, at time: Int64) -> [Action]
    {
        let event: GatewayEvent
        switch result {
        case .success(let installed):
            event = .installed(installed, replacing: version)
            (version, lastUpgrade, failure) = (installed, time, nil)
        case .failure(let failure):
            event = .installationFailed(failure, running: version)
            self.failure = failure
        }
        var actions: [Action] = [.save(status), .tell(event)]
        if connection == .announced { actions.append(.report(status)) }
        if let next = installations.finish() {
            actions += [.tell(.installing(byteCount: next.count)), .install(next)]
        }
        return actions
    }

    // MARK: Downloads

    private mutating func download(_ version: Version) -> [Action] {
        wanted = version
        kept = nil
        guard connection == .announced else { return [] }
        return [
            .tell(.downloadRequested(version)),
            .ask(.requestUpgrade, body: UpgradeRequestMessage(version: version).encoded()),
        ]
    }

    private mutating func downloadCame(_ frame: SharedBytes) -> [Action] {
        let executable = Executable(frame: frame, requestedVersion: wanted)
        let event = Action.tell(.downloaded(wanted, byteCount: executable.count))
        (kept, wanted) = (wanted, nil)
        return downloaded.admit(executable) == .begins ? [event, .keep(executable)] : [event]
    }

    private mutating func keepingEnded(_ executable: Executable, _ failure: InstallationFailure?) -> [Action] {
        // What could not be kept may be asked for again.
        if failure != nil, kept == executable.requestedVersion { kept = nil }
        let event: GatewayEvent =
            failure.map { .keepingFailed($0) } ?? .kept(executable.requestedVersion, byteCount: executable.count)
        return [.tell(event)] + (downloaded.finish().map { [.keep($0)] } ?? [])
    }
}

extension MQTTMessage {
    /// What follows the header of a frame that has been validated.
    fileprivate var body: [UInt8] {
        payload.withUnsafeBytes { Array($0.dropFirst(ProtocolLimits.frameHeaderLength)) }
    }
}
