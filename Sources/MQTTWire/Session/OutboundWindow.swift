public import DequeModule

/// The sender's half of QoS 1 and QoS 2: which messages are in flight, under which packet ids, and how far each has come.
///
/// A value without I/O. It outlives connections: after ``connectionBegan(limit:)`` of a resumed session ``nextToResend()`` tells what is to be sent
/// again, in the order of the first sending [MQTT-4.6.0-1].
///
/// Inlinable, so that each user gets it made for its messages: without, a third of the cost of a QoS 1 delivery was looking up generic types at run time.
public struct OutboundWindow<Message> {
    /// What the sender waits for.
    public enum Stage: Sendable, Hashable {
        /// PUBACK, at QoS 1.
        case puback
        /// PUBREC, at QoS 2.
        case pubrec
        /// PUBCOMP, after PUBREC.
        case pubcomp
    }

    /// One message in flight.
    public struct Entry {
        /// The packet id under which it is in flight.
        public let packetID: PacketID
        /// What the sender waits for.
        public let stage: Stage
        /// The message; `nil` once PUBREC came, since it is never sent again [MQTT-4.3.3-6].
        public let message: Message?

        @usableFromInline init(packetID: PacketID, stage: Stage, message: Message?) {
            (self.packetID, self.stage, self.message) = (packetID, stage, message)
        }
    }

    /// What an acknowledgement did.
    public enum Outcome {
        /// The message left the window.
        case settled(Message?)
        /// PUBREC came for the message: PUBREL is to be sent.
        case released(Message?)
        /// PUBREC came once more: PUBREL is to be sent again.
        case releasedAgain
        /// No message waits for this acknowledgement under this packet id.
        case unknown
    }

    /// How many messages may be in flight: the peer's Receive Maximum, or less.
    public var limit: Int { Int(storedLimit) }
    // No more messages are in flight than there are packet ids, and a broker has a window for each of thousands of clients, most of them empty.
    @usableFromInline var storedLimit: UInt16
    /// How many of the first entries were sent on the present connection.
    @usableFromInline var sent: UInt16 = 0
    @usableFromInline var entries: Deque<Entry> = []
    @usableFromInline var nextPacketID = PacketID.first
    /// How many packet ids from the next one on no message in flight has, as far as is known: a search through the window for each would make the cost of a
    /// message grow with the window.
    @usableFromInline var unusedPacketIDs: UInt16 = 0

    /// An empty window for `limit` messages.
    public init(limit: Int) { storedLimit = UInt16(clamping: limit) }

    /// The number of messages in flight.
    @inlinable public var count: Int { entries.count }
    /// Whether nothing is left to be sent again.
    @inlinable public var isSent: Bool { sent == entries.count }
    /// Whether another message may be sent [MQTT-3.3.4-9].
    @inlinable public var hasRoom: Bool { isSent && entries.count < storedLimit }

    /// Takes a message in and returns its packet id, which no other message in flight has [MQTT-2.2.1-3]; `nil` when the window is full.
    ///
    /// A client shares its packet ids with SUBSCRIBE and UNSUBSCRIBE: `isTaken` names those in use there.
    @inlinable public mutating func add(
        _ message: Message, qos: QoS, avoiding isTaken: (PacketID) -> Bool = { _ in false }
    ) -> PacketID? {
        // [MQTT-4.9.0-2]
        guard hasRoom, let candidate = takePacketID(avoiding: isTaken) else { return nil }
        entries.append(Entry(packetID: candidate, stage: qos == .exactlyOnce ? .pubrec : .puback, message: message))
        sent += 1
        return candidate
    }

    /// A packet id that no message in flight has, for a packet that is not a PUBLISH; `nil` when all are in use.
    @inlinable public mutating func takePacketID(avoiding isTaken: (PacketID) -> Bool) -> PacketID? {
        // [MQTT-2.2.1-4, MQTT-4.3.2-1, MQTT-4.3.3-1]
        for _ in 0..<Int(UInt16.max) {
            if unusedPacketIDs == 0 { skipUsedPacketIDs() }
            let candidate = nextPacketID
            nextPacketID = candidate.next
            unusedPacketIDs -= 1
            if !isTaken(candidate) { return candidate }
        }
        return nil
    }

    /// Moves on to a packet id that no message in flight has, of which there is one, and counts how many such follow.
    @inlinable mutating func skipUsedPacketIDs() {
        let used = Set(entries.map(\.packetID))
        while used.contains(nextPacketID) { nextPacketID = nextPacketID.next }
        let (all, next) = (Int(UInt16.max), Int(nextPacketID.rawValue))
        let unused = used.reduce(all) { least, packetID in
            let distance = Int(packetID.rawValue) - next
            return min(least, distance < 0 ? distance + all : distance)
        }
        unusedPacketIDs = UInt16(truncatingIfNeeded: unused)
    }

    /// Puts back a message that was in flight in an earlier life of the session. Its packet id must be unused.
    public mutating func restore(packetID: PacketID, stage: Stage, message: Message?) {
        nextPacketID = packetID.next
        unusedPacketIDs = 0
        entries.append(Entry(packetID: packetID, stage: stage, message: message))
    }

    /// PUBACK came.
    @inlinable public mutating func puback(_ packetID: PacketID) -> Outcome { settle(packetID, from: .puback) }

    /// PUBREC came. With a `failure` code it ends the message [MQTT-4.3.3-4].
    @inlinable public mutating func pubrec(_ packetID: PacketID, failure: Bool = false) -> Outcome {
        guard let index = index(of: packetID) else { return .unknown }
        switch entries[index].stage {
        case .puback:
            return .unknown
        case .pubcomp:
            return .releasedAgain
        case .pubrec:
            // [MQTT-4.4.0-2, MQTT-4.8.2-6]
            if failure { return .settled(remove(at: index).message) }
            let message = entries[index].message
            entries[index] = Entry(packetID: packetID, stage: .pubcomp, message: nil)
            return .released(message)
        }
    }

    /// PUBCOMP came.
    @inlinable public mutating func pubcomp(_ packetID: PacketID) -> Outcome { settle(packetID, from: .pubcomp) }

    /// What is waited for under a packet id; `nil`: no message is in flight under it.
    @inlinable public func stage(of packetID: PacketID) -> Stage? { index(of: packetID).map { entries[$0].stage } }

    /// A connection began, whose peer takes `limit` messages at once; everything in flight is to be sent again on it, and of that PUBREL first: it is
    /// not held up by the limit [MQTT-3.3.4-10, MQTT-4.9.0-3].
    public mutating func connectionBegan(limit: Int) {
        // [MQTT-4.9.0-1]
        storedLimit = UInt16(clamping: limit)
        sent = 0
        guard entries.contains(where: { $0.stage == .pubcomp }) else { return }
        entries = Deque(entries.filter { $0.stage == .pubcomp } + entries.filter { $0.stage != .pubcomp })
    }

    /// What a resumed session sends next before anything new: PUBLISH with DUP, or PUBREL if there is no message any more, each with its old packet id
    /// [MQTT-4.4.0-1]. `nil` when all was sent, or the peer takes no more at once.
    @inlinable public mutating func nextToResend() -> Entry? {
        let next = Int(sent)
        guard next < entries.count, sent < .max, sent < storedLimit || entries[next].stage == .pubcomp else {
            return nil
        }
        sent += 1
        return entries[next]
    }

    /// Takes one message out that was not sent after all.
    @inlinable public mutating func remove(_ packetID: PacketID) {
        if let index = index(of: packetID) { _ = remove(at: index) }
    }

    /// Takes the messages out that match, whatever they wait for.
    public mutating func remove(where matches: (Message) -> Bool) -> [Message] {
        let indices = entries.indices.filter { index in entries[index].message.map(matches) ?? false }
        // From the back, so that the indices before stay what they are.
        return indices.reversed().compactMap { remove(at: $0).message }.reversed()
    }

    /// Takes everything out; returns the messages that no PUBREC came for.
    public mutating func removeAll() -> [Message] {
        defer {
            entries = []
            sent = 0
        }
        return entries.compactMap(\.message)
    }

    @inlinable mutating func settle(_ packetID: PacketID, from stage: Stage) -> Outcome {
        // [MQTT-4.3.2-3, MQTT-4.3.3-3, MQTT-4.3.3-5]
        guard let index = index(of: packetID), entries[index].stage == stage else { return .unknown }
        return .settled(remove(at: index).message)
    }

    @inlinable mutating func remove(at index: Int) -> Entry {
        if index < sent { sent -= 1 }
        defer { if entries.isEmpty { entries = [] } }
        return entries.remove(at: index)
    }

    /// Acknowledgements come in the order of sending, but for peers that answer QoS 1 and 2 at different speed: the search ends near the front.
    @inlinable func index(of packetID: PacketID) -> Int? { entries.firstIndex { $0.packetID == packetID } }
}

extension OutboundWindow: Sendable where Message: Sendable {}
extension OutboundWindow.Entry: Sendable where Message: Sendable {}
extension OutboundWindow.Outcome: Sendable where Message: Sendable {}
