import CPosix

/// The one owner of an open file descriptor; it is closed when its owner goes.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, for a system call; never to be closed by its borrower.
    public let rawValue: Int32

    /// Takes over a descriptor that nobody else closes.
    public init(adopting rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// Gives the descriptor away: the caller closes it now.
    public consuming func release() -> Int32 {
        let rawValue = rawValue
        discard self
        return rawValue
    }

    deinit {
        // After EINTR Linux has closed it all the same; there is nothing to repeat.
        _ = close(rawValue)
    }
}
