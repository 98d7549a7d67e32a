import CPosix

/// How much memory this process may map, which is more than it uses.
package enum AddressSpace {
    /// The limit in bytes; nil where there is none.
    package static var limit: Int? {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limits) == 0,
            limits.rlim_cur != cposix_rlim_infinity()
        else { return nil }
        return Int(clamping: limits.rlim_cur)
    }

    /// Has threads share what the C library sets aside for allocations, where there is a limit: else each thread reserves 64 MiB and more for itself,
    /// which with a dozen of them is most of a gigabyte. To be called before there are many threads.
    package static func economise() {
        if limit != nil { cposix_limit_arenas(2) }
    }
}
