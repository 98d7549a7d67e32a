import Logging
import MQTTBroker
import MQTTWire
import Synchronization
import UpgradeCore

/// Logs what the rules refuse: the first refusal of a connection for all to see, the rest for those who debug, so that no client can flood the log.
final class RefusalLog: Sendable {
    private let logger: Logger
    private let noted = Mutex(Set<MQTTBroker.ConnectionID>())

    init(logger: Logger) { self.logger = logger }

    func refused(_ client: ConnectedClient, _ what: String, _ topic: String) {
        let isFirst = noted.withLock { $0.insert(client.connectionID).inserted }
        logger.log(
            level: isFirst ? .notice : .debug, "an MQTT client may not \(what) this topic",
            metadata: [
                "client": "\(quoted(client.clientID.text))", "topic": "\(quoted(topic))",
                "address": "\(client.remoteAddress)",
            ])
    }

    func refusedConnect(_ request: ConnectRequest, _ why: String) {
        logger.notice(
            "an MQTT client was not let in",
            metadata: [
                "client": "\(quoted(request.clientID.text))", "user": "\(quoted(request.userName ?? ""))",
                "why": "\(why)",
                "address": "\(request.remoteAddress)",
            ])
    }

    func refusedTakeover(of client: ClientID) {
        logger.notice(
            "an MQTT client was not let in",
            metadata: [
                "client": "\(quoted(client.text))", "why": "the session of that client id belongs to another identity",
            ])
    }

    func ended(_ client: ConnectedClient) {
        noted.withLock { _ = $0.remove(client.connectionID) }
    }
}
