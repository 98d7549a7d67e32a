import CPosix

/// An error number of the operating system, with the system's own words for it.
public struct SystemErrno: Error, Hashable, Sendable, CustomStringConvertible {
    /// The `errno` value.
    public let code: Int32

    /// Wraps the `errno` value that a call returned.
    public init(code: Int32) {
        self.code = code
    }

    /// What the calling thread's last failed call left in `errno`.
    static var last: SystemErrno { SystemErrno(code: cposix_errno()) }

    /// The system's words for it.
    public var description: String {
        var text = [CChar](repeating: 0, count: 128)
        guard strerror_r(code, &text, text.count) == 0 else { return "error \(code)" }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "error \(code)" }
    }
}

/// Why a listener, a connection or a loop could not be made.
public enum TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Something else listens on that address and port.
    case addressInUse(host: String, port: UInt16)
    /// The host is no address of this machine, or the port needs more rights than this process has.
    case cannotListen(host: String, port: UInt16, SystemErrno)
    /// The name has no address; `reason` is the resolver's.
    case nameNotResolved(host: String, reason: String)
    /// Every address of the host was tried, the last one failed for this reason.
    case cannotConnect(host: String, port: UInt16, SystemErrno)
    /// No address of the host answered in time.
    case connectTimedOut(host: String, port: UInt16, after: Duration)
    /// A file could not be mapped into memory.
    case cannotMap(path: String, SystemErrno)
    /// A system call failed that should not, such as for want of descriptors.
    case system(call: String, SystemErrno)
    /// The event loop was stopped.
    case loopStopped

    /// One line that names the address, path or call, and the reason.
    public var description: String {
        switch self {
        case .addressInUse(let host, let port):
            "\(host):\(port) is in use by another program; choose another port, or 0 for any free one"
        case .cannotListen(let host, let port, let reason):
            "cannot listen on \(host):\(port): \(reason)"
        case .nameNotResolved(let host, let reason):
            "\(host) has no address: \(reason)"
        case .cannotConnect(let host, let port, let reason):
            "cannot connect to \(host):\(port): \(reason)"
        case .connectTimedOut(let host, let port, let limit):
            "\(host):\(port) did not answer within \(limit)"
        case .cannotMap(let path, let reason):
            "cannot map \(path) into memory: \(reason)"
        case .system(let call, let reason):
            "\(call): \(reason)"
        case .loopStopped:
            "the event loop was stopped"
        }
    }
}
