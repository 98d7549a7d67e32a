import MQTTWire

/// The answer that is due for a QoS 1 or 2 PUBLISH: held until every interceptor has acknowledged it, and sent in the order of the PUBLISHes
/// [MQTT-4.6.0-2, MQTT-4.6.0-3].
final class Receipt {
    let packetID: PacketID
    let qos: QoS
    let reasonCode: ReasonCode
    /// How many interceptors have not acknowledged yet.
    var outstanding: Int
    /// What one takes in memory, about, with its place in the session.
    static let size = 200
    /// Weak: an interceptor may hold a receipt for longer than its session lasts.
    private(set) weak var session: Session?

    /// One of those that it waits for is done. At QoS 2 the client may wait for the answer on a later connection.
    func settleOne() {
        outstanding -= 1
        if outstanding == 0 { session?.connection?.sendDueReceipts() }
    }

    init(packetID: PacketID, qos: QoS, reasonCode: ReasonCode, outstanding: Int, session: Session) {
        self.packetID = packetID
        self.qos = qos
        self.reasonCode = reasonCode
        self.outstanding = outstanding
        self.session = session
    }
}
