import Logging
import MQTTBroker
import MQTTBrokerStorage
import MQTTWire
import Synchronization
import UpgradeCore
import UpgradeProtocol

/// The engine's link to gateways over the embedded broker.
///
/// The engine hears of gateways alone; accounts of other programs come and go without it.
final class BrokerLink: GatewayLink {
    /// Takes what happens on the link. Called on the broker's loop threads, in order for each connection; must not block.
    typealias Receiver = @Sendable ([LinkEvent]) -> Void

    private let broker: Broker
    private let sessions: DiskSessionStore
    private let incoming: IncomingEvents
    private let files = MappedFiles()
    private let logger: Logger

    /// Makes the broker, which opens nothing before ``start(receiver:)``, and keeps its sessions where the store does.
    init(
        configuration: BrokerConfiguration, sessions: DiskSessionStore, incoming: IncomingEvents, hooks: BrokerHooks,
        logger: Logger
    ) {
        self.sessions = sessions
        self.incoming = incoming
        self.logger = logger
        broker = Broker(configuration: configuration, hooks: hooks.hooks, store: sessions, logger: logger)
    }

    /// Opens the listener.
    ///
    /// - Returns: The addresses that the listeners are bound to.
    func start(receiver: @escaping Receiver) throws(BrokerError) -> [SocketAddress] {
        incoming.deliver(to: receiver)
        return try broker.start()
    }

    /// Ends every connection, then the broker, and closes the store of its sessions.
    func stop() async {
        await broker.stop()
        sessions.close()
    }

    /// Serves the connections that come from now on with another certificate.
    func useForNewConnections(_ context: TLSServerContext) { broker.useForNewConnections(context) }

    /// Ends the session of a gateway if it belongs to an identity that may no longer have it.
    func endSession(
        of gateway: GatewayID, reason: String, where isMeant: @escaping @Sendable (MQTTIdentity) -> Bool
    ) {
        guard let client = try? ClientID(gateway.rawValue) else { return }
        broker.disconnect(client, reason: reason) { identity in MQTTIdentity(identity).map(isMeant) ?? true }
    }

    /// Ends every session of an account, and CONNECTs that may have been its.
    func endSessions(ofAccount name: String, reason: String) {
        let account = MQTTIdentity.account(name).clientIdentity
        broker.disconnectAll(reason: reason) { $0 == account }
    }

    /// What the broker counted.
    var counters: BrokerCounters { broker.snapshot }

    func publish(_ publication: UpgradeCore.Publication) {
        do {
            broker.publish(try outbound(publication))
        } catch {
            logger.error(
                "cannot send to gateways", error: error, metadata: ["topic": "\(publication.topic.name)"])
            // Whoever waits for these transfers must hear how they ended.
            guard case .recipients(let recipients) = publication.audience else { return }
            incoming.report(recipients.map { .transferEnded($0.transfer, .notSent) })
        }
    }

    func cancel(_ transfers: [TransferID]) {
        broker.cancel(transfers.map { DeliveryToken(rawValue: $0.rawValue) })
    }

    func bytesToGo(of transfers: [TransferID]) async -> [TransferID: Int] {
        let bytes = await broker.unacknowledgedBytes(of: transfers.map { DeliveryToken(rawValue: $0.rawValue) })
        return Dictionary(uniqueKeysWithValues: bytes.map { (TransferID(rawValue: $0.rawValue), $1) })
    }

    func close(_ connection: UpgradeCore.ConnectionID, reason: String) {
        let connection = MQTTBroker.ConnectionID(rawValue: connection.rawValue)
        guard let gateway = incoming.gateway(on: connection), let client = try? ClientID(gateway.rawValue) else {
            return
        }
        broker.disconnect(connection, clientID: client, reason: reason)
    }

    private func outbound(_ publication: UpgradeCore.Publication) throws -> OutboundPublication {
        let prefix: [UInt8]
        let body: SharedBytes
        switch publication.payload {
        case .bytes(let bytes):
            prefix = []
            body = SharedBytes(bytes)
        case .file(let header, let path, let size):
            prefix = header
            body = try files.bytes(ofFileAt: path, count: size)
        }
        let audience: DeliveryAudience =
            switch publication.audience {
            case .subscribers: .subscribers
            case .recipients(let recipients): .connections(try recipients.map(DeliveryTarget.init))
            }
        return OutboundPublication(
            topic: try TopicName(publication.topic.name), prefix: prefix, body: body, qos: .atLeastOnce, retain: false,
            audience: audience, endsWithConnection: publication.endsWithConnection)
    }
}

extension DeliveryTarget {
    fileprivate init(_ recipient: Recipient) throws {
        self.init(
            clientID: try ClientID(recipient.gateway.rawValue),
            connectionID: MQTTBroker.ConnectionID(rawValue: recipient.connection.rawValue),
            token: DeliveryToken(rawValue: recipient.transfer.rawValue))
    }
}

/// The release files that are being sent, each mapped once however many gateways it goes to.
private final class MappedFiles: Sendable {
    private struct Entry {
        weak var bytes: SharedBytes?
        let stamp: FileStamp?
    }

    /// The file is not as long as it must be.
    struct WrongSize: Error, CustomStringConvertible {
        let path: String
        let expected: Int
        let found: Int

        var description: String { "\(path) has \(byteCount(found)), not the \(expected) that its release has" }
    }

    private let entries = Mutex<[String: Entry]>([:])

    func bytes(ofFileAt path: String, count: Int) throws -> SharedBytes {
        try entries.withLock { entries in
            let stamp = FileStamp(of: path)
            if let entry = entries[path], entry.stamp == stamp, let bytes = entry.bytes, bytes.count == count {
                return bytes
            }
            entries = entries.filter { $0.value.bytes != nil }
            let bytes = try SharedBytes(mappingFileAt: path)
            guard bytes.count == count else { throw WrongSize(path: path, expected: count, found: bytes.count) }
            entries[path] = Entry(bytes: bytes, stamp: stamp)
            return bytes
        }
    }
}
