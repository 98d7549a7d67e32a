import MQTTWire

/// The members of one shared subscription, kept by the group's owner loop, which picks who gets a message (section 4.8.2 of 5.0).
final class ShareGroup {
    /// One session in the group.
    struct Member {
        let clientID: ClientID
        let loop: Int
        var isConnected: Bool
    }

    /// The whole filter, `$share/` and the group's name included.
    let filter: TopicFilter
    private var members: [Member] = []
    private var next = 0

    init(filter: TopicFilter) { self.filter = filter }

    var isEmpty: Bool { members.isEmpty }

    /// Adds a member, or notes that one came or went.
    func update(_ member: Member) {
        if let index = members.firstIndex(where: { $0.clientID == member.clientID }) {
            members[index] = member
        } else {
            members.append(member)
        }
    }

    func remove(_ clientID: ClientID) {
        members.removeAll { $0.clientID == clientID }
    }

    /// The member whose turn it is: of those that are connected, else of all [MQTT-4.8.2-4].
    func pick() -> Member? {
        guard !members.isEmpty else { return nil }
        let turn = (0..<members.count).map { (next + $0) % members.count }
        let index = turn.first { members[$0].isConnected } ?? turn[0]
        next = (index + 1) % members.count
        return members[index]
    }
}
