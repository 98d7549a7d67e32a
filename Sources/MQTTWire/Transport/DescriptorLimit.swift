import CPosix

/// How many descriptors this process may have: sockets, files, and what the system's libraries open.
package enum DescriptorLimit {
    /// The limit that is in force; the largest number where the system does not tell.
    package static var current: Int { limits.map { Int(clamping: $0.rlim_cur) } ?? .max }

    /// Raises the soft limit, commonly 1,024, to the hard one, as far as the system lets it.
    package static func raise() {
        guard var limits, limits.rlim_cur < limits.rlim_max else { return }
        limits.rlim_cur = limits.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    }

    private static var limits: rlimit? {
        var limits = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 ? limits : nil
    }
}
