import MQTTWire

/// The subscriptions of one session: a list as long as they are few, which takes a fifth of a dictionary's memory; most sessions have a handful.
struct SubscriptionList {
    private enum Storage {
        case few([SessionSubscription])
        case many(Table)
    }

    /// An object, which with the list's makes the storage one word.
    private final class Table {
        var byFilter: [TopicFilter: SessionSubscription]

        init(_ list: [SessionSubscription]) {
            byFilter = Dictionary(list.map { ($0.filter, $0) }) { first, _ in first }
        }
    }

    private static let most = 16
    private var storage = Storage.few([])

    /// All of them, in no order.
    var all: [SessionSubscription] {
        switch storage {
        case .few(let list): list
        case .many(let table): Array(table.byFilter.values)
        }
    }

    var count: Int {
        switch storage {
        case .few(let list): list.count
        case .many(let table): table.byFilter.count
        }
    }

    subscript(filter: TopicFilter) -> SessionSubscription? {
        switch storage {
        case .few(let list): list.first { $0.filter == filter }
        case .many(let table): table.byFilter[filter]
        }
    }

    /// Adds one whose filter none of the others has.
    mutating func add(_ subscription: SessionSubscription) {
        switch storage {
        case .few(var list) where list.count < Self.most:
            storage = .few([])
            list.append(subscription)
            storage = .few(list)
        case .few(let list):
            storage = .many(Table(list + [subscription]))
        case .many(let table):
            table.byFilter[subscription.filter] = subscription
        }
    }

    /// Takes out the one with this filter.
    mutating func remove(_ filter: TopicFilter) -> SessionSubscription? {
        switch storage {
        case .few(var list):
            guard let index = list.firstIndex(where: { $0.filter == filter }) else { return nil }
            storage = .few([])
            defer { storage = .few(list) }
            return list.remove(at: index)
        case .many(let table):
            return table.byFilter.removeValue(forKey: filter)
        }
    }
}
