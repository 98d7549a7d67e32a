import MQTTWire

/// How long a session outlives its connection (section 3.1.2.11.2).
enum SessionExpiry: Equatable {
    case withConnection
    case after(Duration)
    case never

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
    var limit: Duration? {
        switch self {
        case .withConnection: .zero
        case .after(let time): time
        case .never: nil
        }
    }

    /// The value of the property.
    var seconds: UInt32 {
        switch self {
        case .withConnection: 0
        case .after(let time): UInt32(clamping: time.components.seconds)
        case .never: .max
        }
    }
}
