import MQTTWire

/// The members of one shared subscription, kept by the group's owner loop, which picks who gets a message (section 4.8.2 of 5.0).
///
/// Whatever happens to a group takes the same time with ten thousand members as with two.
final class ShareGroup {
    /// One session in the group.
    struct Member {
        let clientID: ClientID
        let loop: Int
        var isConnected: Bool
    }

    /// Members that take turns.
    private struct Circle {
        private var members: [Member] = []
        private var next = 0

        /// Returns where the member is.
        mutating func append(_ member: Member) -> Int {
            members.append(member)
            return members.count - 1
        }

        mutating func replace(at position: Int, by member: Member) { members[position] = member }

        /// Returns the member that is in its place now, if there is one.
        mutating func remove(at position: Int) -> ClientID? {
            members.swapAt(position, members.count - 1)
            members.removeLast()
            return position < members.count ? members[position].clientID : nil
        }

        mutating func pick() -> Member? {
            guard !members.isEmpty else { return nil }
            if next >= members.count { next = 0 }
            defer { next += 1 }
            return members[next]
        }
    }

    /// The whole filter, `$share/` and the group's name included.
    let filter: TopicFilter
    private var connected = Circle()
    private var absent = Circle()
    /// Where each member is in its circle.
    private var places: [ClientID: (isConnected: Bool, position: Int)] = [:]

    init(filter: TopicFilter) { self.filter = filter }

    var isEmpty: Bool { places.isEmpty }

    /// Adds a member, or notes that one came or went.
    func update(_ member: Member) {
        if let place = places[member.clientID], place.isConnected == member.isConnected {
            if place.isConnected {
                connected.replace(at: place.position, by: member)
            } else {
                absent.replace(at: place.position, by: member)
            }
            return
        }
        remove(member.clientID)
        let position = member.isConnected ? connected.append(member) : absent.append(member)
        places[member.clientID] = (member.isConnected, position)
    }

    func remove(_ clientID: ClientID) {
        guard let place = places.removeValue(forKey: clientID) else { return }
        let moved = place.isConnected ? connected.remove(at: place.position) : absent.remove(at: place.position)
        if let moved { places[moved]?.position = place.position }
    }

    /// The member whose turn it is: of those that are connected, else of all [MQTT-4.8.2-4].
    func pick() -> Member? { connected.pick() ?? absent.pick() }
}
