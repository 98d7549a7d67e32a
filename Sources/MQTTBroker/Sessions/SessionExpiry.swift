import MQTTWire

/// How long a session outlives its connection (section 3.1.2.11.2).
struct SessionExpiry: Equatable {
    /// One word, since there are thousands of sessions.
    private let milliseconds: UInt64

    static let withConnection = SessionExpiry(milliseconds: 0)
    static let never = SessionExpiry(milliseconds: .max)

    private init(milliseconds: UInt64) { self.milliseconds = milliseconds }

    /// So long, which is more than no time.
    static func after(_ time: Duration) -> SessionExpiry {
        let (seconds, attoseconds) = time.components
        // Longer than any limit, and still no overflow: what a store's file says may be anything.
        let whole = UInt64(clamping: min(seconds, .max / 1000)) * 1000
        return SessionExpiry(milliseconds: max(1, whole + UInt64(clamping: attoseconds / 1_000_000_000_000_000)))
    }

    /// What a client asked for, within the broker's limit.
    init(_ connect: Connect, limit: Duration?) {
        if connect.version.hasProperties {
            self.init(seconds: connect.properties.sessionExpiryInterval ?? 0, limit: limit)
        } else {
            self = connect.cleanStart ? .withConnection : limit.map { .after($0) } ?? .never
        }
    }

    /// A Session Expiry Interval, within the broker's limit.
    init(seconds: UInt32, limit: Duration?) {
        switch seconds {
        case 0: self = .withConnection
        case .max: self = limit.map { .after($0) } ?? .never
        default: self = .after(min(.seconds(Int64(seconds)), limit ?? .seconds(Int64(seconds))))
        }
    }

    /// The time; `nil` for ever.
    var limit: Duration? { self == .never ? nil : .milliseconds(milliseconds) }

    /// The value of the property.
    var seconds: UInt32 { self == .never ? .max : UInt32(clamping: milliseconds / 1000) }
}
