import Logging
import MQTTBroker
import Synchronization

/// Logs what the rules refuse: the first refusal of a connection for all to see, the rest for those who debug, so that no client can flood the log.
final class RefusalLog: Sendable {
    private let logger: Logger
    private let noted = Mutex(Set<MQTTBroker.ConnectionID>())

    init(logger: Logger) { self.logger = logger }

    func refused(_ client: ConnectedClient, _ what: String, _ topic: String) {
        let isFirst = noted.withLock { $0.insert(client.connectionID).inserted }
        logger.log(
            level: isFirst ? .notice : .debug, "an MQTT client may not \(what) this topic",
            metadata: ["client": "\(client.clientID)", "topic": "\(topic)", "address": "\(client.remoteAddress)"])
    }

    func refusedConnect(_ request: ConnectRequest, _ refusal: ConnectRefusal) {
        logger.notice(
            "an MQTT client was not let in",
            metadata: ["client": "\(request.clientID)", "why": "\(refusal)", "address": "\(request.remoteAddress)"])
    }

    func ended(_ client: ConnectedClient) {
        noted.withLock { _ = $0.remove(client.connectionID) }
    }
}
