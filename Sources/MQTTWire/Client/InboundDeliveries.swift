import DequeModule

/// The receiver's half of QoS 1 and 2 in a client: what was delivered, what the program has dealt with, and which acknowledgement is due next.
///
/// A value without I/O.
struct InboundDeliveries {
    private struct Delivery {
        let receipt: InboundReceipt
        let qos: QoS
        var isAcknowledged: Bool
    }

    private struct Kept {
        let serial: UInt64
        var isAcknowledged: Bool
    }

    /// Deliveries of this connection whose PUBACK or PUBREC has not been sent, in order.
    private var pending: Deque<Delivery> = []
    private var exactlyOnce = ExactlyOnceReceiver<Kept>()
    private var nextSerial: UInt64 = 0

    /// How many messages the server waits with, counted against the Receive Maximum.
    var count: Int {
        // A QoS 2 message is in both until its PUBREC has left, in the second alone until PUBREL.
        pending.count { $0.qos == .atLeastOnce } + exactlyOnce.count
    }

    /// A PUBLISH came. Nil: it is a repetition of a QoS 2 message that the program has already, and not for it.
    mutating func receive(_ packetID: PacketID, _ qos: QoS) -> InboundReceipt? {
        if qos == .exactlyOnce, let kept = exactlyOnce.receipt(for: packetID) {
            let receipt = InboundReceipt(serial: kept.serial, packetID: packetID)
            pending.append(Delivery(receipt: receipt, qos: qos, isAcknowledged: kept.isAcknowledged))
            return nil
        }
        nextSerial += 1
        let receipt = InboundReceipt(serial: nextSerial, packetID: packetID)
        if qos == .exactlyOnce {
            exactlyOnce.receive(packetID, receipt: Kept(serial: nextSerial, isAcknowledged: false))
        }
        pending.append(Delivery(receipt: receipt, qos: qos, isAcknowledged: false))
        return receipt
    }

    /// The program has dealt with a message.
    mutating func acknowledge(_ receipt: InboundReceipt) {
        if let index = pending.firstIndex(where: { $0.receipt == receipt }) { pending[index].isAcknowledged = true }
        // Also without a connection: if the message comes again, it is answered at once.
        if let kept = exactlyOnce.receipt(for: receipt.packetID), kept.serial == receipt.serial {
            exactlyOnce.receive(receipt.packetID, receipt: Kept(serial: kept.serial, isAcknowledged: true))
        }
    }

    /// The PUBACK or PUBREC that is due now, taken out. They leave in the order of the messages [MQTT-4.6.0-2, 4.6.0-3].
    mutating func nextAcknowledgement() -> (packetID: PacketID, qos: QoS)? {
        guard let first = pending.first, first.isAcknowledged else { return nil }
        pending.removeFirst()
        return (first.receipt.packetID, first.qos)
    }

    /// PUBREL came; returns whether a message was waiting for it.
    mutating func release(_ packetID: PacketID) -> Bool {
        exactlyOnce.release(packetID)
    }

    /// The connection ended: the server will send again what it has no acknowledgement of.
    mutating func connectionEnded() {
        pending = []
    }

    /// The server has no session any more.
    mutating func sessionEnded() {
        pending = []
        exactlyOnce = ExactlyOnceReceiver()
    }
}
