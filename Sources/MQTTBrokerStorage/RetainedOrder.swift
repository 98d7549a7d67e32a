import MQTTWire

/// Which change of a topic's retained message is the last, of those that several loops bring in any order.
///
/// Every number from 1 comes once. A topic is remembered only until all numbers before its own have come: for as long as loops take to hand over a turn.
struct RetainedOrder {
    /// All changes up to this one have come.
    private var complete: UInt64 = 0
    /// Those that came before their turn.
    private var ahead: Set<UInt64> = []
    /// The last change of each topic that another might still come before.
    private var latest: [TopicName: UInt64] = [:]

    /// Takes the number of a change; `false` if a later one of the topic has come.
    mutating func isLatest(_ order: UInt64, of topic: TopicName) -> Bool {
        let isLatest = latest[topic].map { $0 < order } ?? true
        ahead.insert(order)
        while ahead.remove(complete + 1) != nil { complete += 1 }
        if ahead.isEmpty {
            latest.removeAll()
        } else if isLatest {
            latest[topic] = order
        }
        return isLatest
    }
}
