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

    private let maximumCount: Int
    private let maximumBytes: Int
    private var unacknowledged: Deque<Item> = []
    // [MQTT-4.6.0-5, MQTT-4.6.0-6]
    private var acknowledged: Deque<Item> = []
    private var nextNumber: UInt64 = 0
    /// The bytes that wait.
    private(set) var bytes = 0

    init(maximumCount: Int, maximumBytes: Int) {
        self.maximumCount = maximumCount
        self.maximumBytes = maximumBytes
    }

    var count: Int { unacknowledged.count + acknowledged.count }
    var isEmpty: Bool { count == 0 }

    /// Adds a delivery at the end. One that finds the queue empty always fits.
    mutating func append(_ delivery: Delivery) -> Overflow {
        var displaced: [Delivery] = []
        if !hasRoom(for: delivery) {
            guard delivery.qos != .atMostOnce else { return .refused }
            while !hasRoom(for: delivery), let oldest = removeOldest() { displaced.append(oldest) }
        }
        let item = Item(delivery: delivery, number: nextNumber)
        nextNumber += 1
        bytes += delivery.cost
        if delivery.qos == .atMostOnce { unacknowledged.append(item) } else { acknowledged.append(item) }
        return displaced.isEmpty ? .none : .displaced(displaced)
    }

    /// Takes the delivery that is next; of QoS 1 and 2 only if the in-flight window has room.
    mutating func next(windowHasRoom: Bool) -> Delivery? {
        let takesAcknowledged: Bool
        switch (unacknowledged.first, windowHasRoom ? acknowledged.first : nil) {
        case (nil, nil): return nil
        case (nil, _): takesAcknowledged = true
        case (_, nil): takesAcknowledged = false
        case (let lowest?, let higher?): takesAcknowledged = higher.number < lowest.number
        }
        guard let item = takesAcknowledged ? acknowledged.popFirst() : unacknowledged.popFirst() else { return nil }
        bytes -= item.delivery.cost
        releaseStorageIfEmpty()
        return item.delivery
    }

    /// Takes out what matches, in order.
    mutating func remove(where matches: (Delivery) -> Bool) -> [Delivery] {
        var removed: [Item] = []
        func take(_ item: Item) -> Bool {
            guard matches(item.delivery) else { return false }
            removed.append(item)
            return true
        }
        unacknowledged.removeAll(where: take)
        acknowledged.removeAll(where: take)
        bytes -= removed.reduce(0) { $0 + $1.delivery.cost }
        releaseStorageIfEmpty()
        return removed.sorted { $0.number < $1.number }.map(\.delivery)
    }

    /// Changes every delivery that waits.
    mutating func forEach(_ change: (inout Delivery) -> Void) {
        for index in unacknowledged.indices { change(&unacknowledged[index].delivery) }
        for index in acknowledged.indices { change(&acknowledged[index].delivery) }
    }

    /// Makes room: QoS 0 goes before what was promised.
    mutating func removeOldest() -> Delivery? {
        guard let item = unacknowledged.popFirst() ?? acknowledged.popFirst() else { return nil }
        bytes -= item.delivery.cost
        return item.delivery
    }

    private func hasRoom(for delivery: Delivery) -> Bool {
        isEmpty || (count < maximumCount && bytes + delivery.cost <= maximumBytes)
    }

    /// A session at rest should own no buffers: there are thousands of them.
    private mutating func releaseStorageIfEmpty() {
        guard isEmpty else { return }
        unacknowledged = []
        acknowledged = []
    }
}
