import MQTTWire
import Synchronization

/// Which loops may have subscribers for a topic: what a publisher's loop, or any other thread, looks at before it hands a publication over.
///
/// A counting filter of atomics, one counter per loop and slot: a filter without wildcards counts in the slot of its whole text, another in that of
/// its levels before the first wildcard. A subscriber's loop counts up before SUBACK goes out, so whoever publishes after that finds it; without a lock,
/// without a copy of the tree on every loop, in constant memory. Two filters in one slot cost a hand-over that finds nobody, never a missed one.
final class InterestTable: Sendable {
    private static let slotCount = 1 << 15
    /// Filters with more levels before their first wildcard count by the first of them alone, so that a topic costs a bounded number of looks.
    private static let deepestPrefix = 8

    private let loops: Int
    private let counters: [Atomics]

    /// The counters of one loop.
    private final class Atomics: Sendable {
        // Written through atomic operations alone; the pointer itself never changes.
        nonisolated(unsafe) let base: UnsafeMutablePointer<Atomic<UInt32>>

        init() {
            base = .allocate(capacity: InterestTable.slotCount)
            for slot in 0..<InterestTable.slotCount { (base + slot).initialize(to: Atomic(0)) }
        }

        deinit {
            base.deinitialize(count: InterestTable.slotCount)
            base.deallocate()
        }
    }

    /// A table for that many loops, 64 at most.
    init(loops: Int) {
        self.loops = loops
        counters = (0..<loops).map { _ in Atomics() }
    }

    /// A subscription to `filter` came to a loop.
    func add(_ filter: TopicFilter, loop: Int) {
        (counters[loop].base + Self.slot(ofFilter: filter)).pointee.wrappingAdd(1, ordering: .releasing)
    }

    /// A subscription to `filter` left a loop.
    func remove(_ filter: TopicFilter, loop: Int) {
        (counters[loop].base + Self.slot(ofFilter: filter)).pointee.wrappingSubtract(1, ordering: .releasing)
    }

    /// The loops that may have subscribers for `topic`, as bits.
    func loops(for topic: TopicName) -> UInt64 {
        var result: UInt64 = 0
        func look(_ slot: Int) {
            for loop in 0..<loops where (counters[loop].base + slot).pointee.load(ordering: .acquiring) != 0 {
                result |= 1 << UInt64(loop)
            }
        }
        var hash = Self.seed
        var depth = 0
        look(Self.slot(prefix: hash))
        for byte in topic.bytes {
            if byte == UInt8(ascii: "/") {
                depth += 1
                if depth <= Self.deepestPrefix { look(Self.slot(prefix: hash)) }
            }
            hash = Self.mix(hash, byte)
        }
        if depth < Self.deepestPrefix { look(Self.slot(prefix: hash)) }
        look(Self.slot(exact: hash))
        return result
    }

    // FNV-1a: it is fed byte by byte, so that one pass over a topic gives the hash of each of its prefixes.
    private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325
    private static func mix(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    private static func slot(exact hash: UInt64) -> Int { slot(hash &* 0x9e37_79b9_7f4a_7c15) }
    private static func slot(prefix hash: UInt64) -> Int { slot((hash ^ 0x5bd1_e995) &* 0xff51_afd7_ed55_8ccd) }
    private static func slot(_ mixed: UInt64) -> Int { Int(mixed >> 49) }

    private static func slot(ofFilter filter: TopicFilter) -> Int {
        let bytes = filter.bytes[filter.matchedRange]
        guard filter.hasWildcard else { return slot(exact: bytes.reduce(seed, mix)) }
        var hash = seed
        var beforeLevel = seed
        var depth = 0
        for byte in bytes {
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") { return slot(prefix: beforeLevel) }
            if byte == UInt8(ascii: "/") {
                depth += 1
                beforeLevel = hash
                if depth == deepestPrefix { return slot(prefix: hash) }
            }
            hash = mix(hash, byte)
        }
        return slot(prefix: beforeLevel)
    }
}
