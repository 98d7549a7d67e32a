/// How much a store holds in memory that is not written.
enum StorageLimits {
    /// Beyond so many changes the store says that it fails, so that nothing more is promised until it has caught up.
    static let waitingChanges = 200_000
    /// The pause before a transaction that failed is tried again.
    static let retryMilliseconds = 500
    /// How often the time is written while something waits for it and nothing else is written: deadlines come that much later after a crash at most.
    static let clockInterval = Duration.seconds(30)
    /// With what else is written the time goes along if it is so many milliseconds further than in the file.
    static let clockStep: Int64 = 1000
    /// Up to this size the whole file is checked at start.
    static let fullCheckBytes: Int64 = 64 * 1024 * 1024
    /// A file with more free pages than this, and than half of all, is made smaller by so many pages at a time.
    static let freePages = 1024
    static let pagesAtOnce = 4096
    /// Message ids beyond this one are damage: the broker counts on from the highest.
    static let messageID: Int64 = 1 << 62
}
