import MQTTWire

/// How many descriptors a simulation needs.
enum DescriptorNeed {
    /// There are fewer than are needed, and they cannot be had.
    struct TooMany: Error, CustomStringConvertible {
        let needed: Int
        let limit: Int

        var description: String {
            "needs \(needed) file descriptors; the hard limit is \(limit) (ulimit -Hn): choose a smaller --count, or raise the limit"
        }
    }

    /// Standard streams, event loops and what the system's libraries open.
    private static let reserve = 64

    /// Has the process take as many as it may, and throws if that is not enough for so many connections.
    static func provide(for connections: Int) throws(TooMany) {
        DescriptorLimit.raise()
        let needed = connections + reserve
        guard needed <= DescriptorLimit.current else { throw TooMany(needed: needed, limit: DescriptorLimit.current) }
    }
}
