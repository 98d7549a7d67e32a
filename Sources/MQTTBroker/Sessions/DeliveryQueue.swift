import DequeModule
import MQTTWire

/// What waits for one client, in order, bounded in bytes and count: QoS 0 apart from QoS 1 and 2, because a full in-flight window holds up only these.
struct DeliveryQueue {
    private struct Item {
        var delivery: Delivery
        /// The place among both kinds, so that they leave in the order in which they came.
        let number: UInt64
    }

    /// What had to go, or could not come, when a delivery was added.
    enum Overflow {
        case none
        /// The new delivery was QoS 0 and found no room.
        case refused
        /// These oldest deliveries made room.
        case displaced([Delivery])
    }

    /// An object that is there as long as something waits: of thousands of sessions most have nothing.
    private final class Waiting {
        var unacknowledged: Deque<Item> = []
        // [MQTT-4.6.0-5, MQTT-4.6.0-6]
        var acknowledged: Deque<Item> = []
        var nextNumber: UInt64 = 0
        var bytes = 0

        var count: Int { unacknowledged.count + acknowledged.count }

        func hasRoom(for delivery: Delivery, within limits: Limits) -> Bool {
            count == 0
                || (count < limits.queuedMessagesPerSession && bytes + delivery.cost <= limits.queuedBytesPerSession)
        }

        func append(_ delivery: Delivery) {
            let item = Item(delivery: delivery, number: nextNumber)
            nextNumber += 1
            bytes += delivery.cost
            if delivery.qos == .atMostOnce { unacknowledged.append(item) } else { acknowledged.append(item) }
        }

        /// Makes room: QoS 0 goes before what was promised.
        func removeOldest() -> Delivery? {
            guard let item = unacknowledged.popFirst() ?? acknowledged.popFirst() else { return nil }
            bytes -= item.delivery.cost
            return item.delivery
        }
    }

    private var waiting: Waiting?

    /// The bytes that wait.
    var bytes: Int { waiting?.bytes ?? 0 }
    var count: Int { waiting?.count ?? 0 }
    var isEmpty: Bool { waiting == nil }
    /// Whether anything waits whose delivery was promised.
    var hasPromises: Bool { waiting.map { !$0.acknowledged.isEmpty } ?? false }

    /// Adds a delivery at the end. One that finds the queue empty always fits.
    mutating func append(_ delivery: Delivery, within limits: Limits) -> Overflow {
        let waiting = waiting ?? Waiting()
        self.waiting = waiting
        var displaced: [Delivery] = []
        if !waiting.hasRoom(for: delivery, within: limits) {
            guard delivery.qos != .atMostOnce else { return .refused }
            while !waiting.hasRoom(for: delivery, within: limits), let oldest = waiting.removeOldest() {
                displaced.append(oldest)
            }
        }
        waiting.append(delivery)
        return displaced.isEmpty ? .none : .displaced(displaced)
    }

    /// Takes the delivery that is next; of QoS 1 and 2 only if the in-flight window has room.
    mutating func next(windowHasRoom: Bool) -> Delivery? {
        guard let waiting else { return nil }
        let takesAcknowledged: Bool
        switch (waiting.unacknowledged.first, windowHasRoom ? waiting.acknowledged.first : nil) {
        case (nil, nil): return nil
        case (nil, _): takesAcknowledged = true
        case (_, nil): takesAcknowledged = false
        case (let lowest?, let higher?): takesAcknowledged = higher.number < lowest.number
        }
        let item = takesAcknowledged ? waiting.acknowledged.popFirst() : waiting.unacknowledged.popFirst()
        guard let item else { return nil }
        waiting.bytes -= item.delivery.cost
        forgetIfEmpty()
        return item.delivery
    }

    /// Takes out what matches, in order.
    mutating func remove(where matches: (Delivery) -> Bool) -> [Delivery] {
        guard let waiting else { return [] }
        var removed: [Item] = []
        func take(_ item: Item) -> Bool {
            guard matches(item.delivery) else { return false }
            removed.append(item)
            return true
        }
        waiting.unacknowledged.removeAll(where: take)
        waiting.acknowledged.removeAll(where: take)
        waiting.bytes -= removed.reduce(0) { $0 + $1.delivery.cost }
        forgetIfEmpty()
        return removed.sorted { $0.number < $1.number }.map(\.delivery)
    }

    /// Changes every delivery that waits.
    mutating func forEach(_ change: (inout Delivery) -> Void) {
        guard let waiting else { return }
        for index in waiting.unacknowledged.indices { change(&waiting.unacknowledged[index].delivery) }
        for index in waiting.acknowledged.indices { change(&waiting.acknowledged[index].delivery) }
    }

    /// Makes room: QoS 0 goes before what was promised.
    mutating func removeOldest() -> Delivery? {
        defer { forgetIfEmpty() }
        return waiting?.removeOldest()
    }

    private mutating func forgetIfEmpty() {
        if waiting?.count == 0 { waiting = nil }
    }
}
