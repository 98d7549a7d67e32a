import Glibc

/// How many sockets this process may have.
enum DescriptorLimit {
    /// There are fewer than are needed, and they cannot be had.
    struct TooLow: Error, CustomStringConvertible {
        let needed: Int
        let limit: Int

        var description: String {
            "needs \(needed) file descriptors; the hard limit is \(limit) (ulimit -Hn): choose a smaller --count, or raise the limit"
        }
    }

    /// Standard streams, event loops and what the system's libraries open.
    private static let reserve = 64

    /// Raises the soft limit to the hard one, and throws if that is not enough for so many connections.
    static func raise(for connections: Int) throws(TooLow) {
        let needed = connections + reserve
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else { return }
        if limits.rlim_cur < limits.rlim_max {
            limits.rlim_cur = limits.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
            _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        }
        let limit = Int(clamping: limits.rlim_cur)
        guard needed <= limit else { throw TooLow(needed: needed, limit: limit) }
    }
}
