/// Many timers, started and cancelled in constant time: six wheels of 64 slots, where a slot of one wheel is a whole turn of the finer wheel below.
///
/// Time is a number of ticks that the owner moves on; the wheel has no clock of its own. A timer further away than the coarsest wheel reaches waits
/// there and is sorted in again.
public struct TimerWheel<Payload> {
    /// Names one started timer; a stale name cancels nothing.
    public struct ID: Hashable, Sendable {
        fileprivate let index: UInt32
        fileprivate let generation: UInt32
    }

    private struct Entry {
        var payload: Payload?
        var deadline: UInt64 = 0
        var previous = TimerWheel.none
        var next = TimerWheel.none
        var generation: UInt32 = 0
        var slot = TimerWheel.unlinked
    }

    private static var none: UInt32 { .max }
    private static var unlinked: UInt16 { .max }
    private static var levels: Int { 6 }
    /// A slot less than the coarsest wheel holds: a timer never lands in the slot where time stands.
    private static var reach: UInt64 { (1 << 36) - (1 << 30) }

    private var entries: [Entry] = []
    private var free: [UInt32] = []
    private var heads = [UInt32](repeating: TimerWheel.none, count: TimerWheel.levels * 64)
    private var occupied = [UInt64](repeating: 0, count: TimerWheel.levels)

    /// The tick up to which timers have fired.
    public private(set) var now: UInt64
    /// How many timers run.
    public private(set) var count = 0

    /// An empty wheel that stands at a tick.
    public init(now: UInt64 = 0) {
        self.now = now
    }

    /// Starts a timer; one whose deadline has passed fires at the next `advance`.
    public mutating func start(at deadline: UInt64, _ payload: Payload) -> ID {
        let index: UInt32
        if let recycled = free.popLast() {
            index = recycled
        } else {
            index = UInt32(entries.count)
            entries.append(Entry())
        }
        entries[Int(index)].payload = payload
        entries[Int(index)].deadline = max(deadline, now + 1)
        link(index)
        count += 1
        return ID(index: index, generation: entries[Int(index)].generation)
    }

    /// Stops a timer, or takes one out that `advance` returned; returns what it carried, or nil when that happened before.
    @discardableResult
    public mutating func cancel(_ id: ID) -> Payload? {
        guard Int(id.index) < entries.count, entries[Int(id.index)].generation == id.generation,
            entries[Int(id.index)].payload != nil
        else { return nil }
        if entries[Int(id.index)].slot != Self.unlinked { unlink(id.index) }
        return retire(id.index)
    }

    /// A tick before which nothing fires: when the owner should call `advance` next. Nil when no timer runs.
    ///
    /// It may be early (a coarse slot has to be sorted into a finer wheel then), never late.
    public var nextDeadline: UInt64? {
        nextOccupied()?.tick
    }

    /// Moves time on and returns, in order of their deadlines, the timers that are due.
    ///
    /// Each is to be taken out by ``cancel(_:)`` only when its turn comes: what an earlier one does may cancel it until then.
    public mutating func advance(to tick: UInt64) -> [ID] {
        var due: [ID] = []
        while let (level, slot, reached) = nextOccupied(), reached <= tick {
            now = max(now, reached)
            let first = level * 64 + slot
            var index = heads[first]
            heads[first] = Self.none
            occupied[level] &= ~(1 << UInt64(slot))
            while index != Self.none {
                let next = entries[Int(index)].next
                entries[Int(index)].slot = Self.unlinked
                if entries[Int(index)].deadline <= now {
                    due.append(ID(index: index, generation: entries[Int(index)].generation))
                } else {
                    link(index)
                }
                index = next
            }
        }
        now = max(now, tick)
        return due
    }

    /// The occupied slot that time reaches next, and the tick at which it begins. Whatever a finer wheel holds comes before all that a coarser one holds.
    private func nextOccupied() -> (level: Int, slot: Int, tick: UInt64)? {
        for level in 0..<Self.levels where occupied[level] != 0 {
            let shift = UInt64(level * 6)
            let position = (now >> shift) & 63
            let distance = UInt64(Self.rotateRight(occupied[level], by: position).trailingZeroBitCount)
            let start = ((now >> shift) + distance) << shift
            return (level, Int((position + distance) & 63), max(start, now))
        }
        return nil
    }

    private static func rotateRight(_ bits: UInt64, by count: UInt64) -> UInt64 {
        count == 0 ? bits : (bits >> count) | (bits << (64 - count))
    }

    private mutating func link(_ index: UInt32) {
        let deadline = entries[Int(index)].deadline
        let place = min(deadline, now + Self.reach)
        // The finest wheel on which now and the deadline differ: there the slot lies ahead and is reached before the wheel has come round.
        let difference = (now ^ place) | 63
        let level = min((63 - difference.leadingZeroBitCount) / 6, Self.levels - 1)
        let slot = Int((place >> UInt64(level * 6)) & 63)
        let position = level * 64 + slot
        let head = heads[position]
        entries[Int(index)].previous = Self.none
        entries[Int(index)].next = head
        entries[Int(index)].slot = UInt16(position)
        if head != Self.none { entries[Int(head)].previous = index }
        heads[position] = index
        occupied[level] |= 1 << UInt64(slot)
    }

    private mutating func unlink(_ index: UInt32) {
        let entry = entries[Int(index)]
        if entry.next != Self.none { entries[Int(entry.next)].previous = entry.previous }
        if entry.previous != Self.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[Int(entry.slot)] = entry.next
            if entry.next == Self.none { occupied[Int(entry.slot) / 64] &= ~(1 << UInt64(entry.slot % 64)) }
        }
        entries[Int(index)].slot = Self.unlinked
    }

    private mutating func retire(_ index: UInt32) -> Payload? {
        let payload = entries[Int(index)].payload.take()
        entries[Int(index)].generation &+= 1
        entries[Int(index)].slot = Self.unlinked
        free.append(index)
        count -= 1
        return payload
    }
}
