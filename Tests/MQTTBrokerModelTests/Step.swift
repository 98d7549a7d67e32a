import MQTTWire

/// One thing that a schedule has a client, or the broker, do. What is not possible when its turn comes is left out, so that any part of a schedule is one.
enum Step: Sendable, Hashable {
    /// A CONNECT; it takes over if the client is connected.
    case connect(Int, ConnectChoice)
    /// DISCONNECT, and the end.
    case disconnect(Int, expiry: UInt32?, keepsWill: Bool)
    /// The socket is closed, whatever is under way.
    case drop(Int)
    case subscribe(Int, [SubscriptionChoice], identifier: Int?)
    case unsubscribe(Int, [String])
    case publish(Int, PublishChoice)
    /// The client answers nothing from now on.
    case hold(Int)
    /// The client gives the answers that are due.
    case release(Int)
    /// Waits until nothing is under way any more.
    case settle
    case wait(milliseconds: Int)
    /// The broker stops in order, and starts.
    case restart
    /// Nothing becomes durable any more, until the crash.
    case stall
    /// What is not durable is lost, and the broker starts.
    case crash
}

struct ConnectChoice: Sendable, Hashable {
    var version = ProtocolVersion.v5_0
    var cleanStart = true
    /// In 5.0 the Session Expiry Interval.
    var expiry: UInt32 = 0
    var will: WillChoice?
    var receiveMaximum: UInt16?
    var aliases: UInt16 = 0

    /// Seconds that the session outlives the connection.
    var lifetime: UInt32 {
        if version.hasProperties { expiry } else { cleanStart ? 0 : .max }
    }
}

struct WillChoice: Sendable, Hashable {
    var number: Int
    var topic: String
    var qos: QoS
    var retain = false
    var delay: UInt32 = 0
}

struct SubscriptionChoice: Sendable, Hashable {
    var filter: String
    var options: SubscriptionOptions
}

struct PublishChoice: Sendable, Hashable {
    var number: Int
    var topic: String
    var qos: QoS
    var retain = false
    /// An empty payload: with `retain` it clears what was retained.
    var isEmpty = false
    var usesAlias = false
}

/// A broker and what is done to it.
struct Schedule: Sendable {
    var seed: UInt64
    var loops = 2
    var clients = 3
    /// Whether sessions are kept on disk.
    var isStored = false
    var steps: [Step]
}

extension Step: CustomStringConvertible {
    var description: String {
        switch self {
        case .connect(let client, let choice): "c\(client) connects: \(choice)"
        case .disconnect(let client, let expiry, let keepsWill):
            "c\(client) disconnects\(expiry.map { ", session expiry \($0)" } ?? "")\(keepsWill ? " with its will" : "")"
        case .drop(let client): "c\(client) is cut off"
        case .subscribe(let client, let choices, let identifier):
            "c\(client) subscribes \(choices.map(\.description).joined(separator: ", "))\(identifier.map { " as \($0)" } ?? "")"
        case .unsubscribe(let client, let filters): "c\(client) unsubscribes \(filters.joined(separator: ", "))"
        case .publish(let client, let choice): "c\(client) publishes \(choice)"
        case .hold(let client): "c\(client) answers nothing"
        case .release(let client): "c\(client) answers again"
        case .settle: "all settles"
        case .wait(let milliseconds): "\(milliseconds) ms pass"
        case .restart: "the broker restarts"
        case .stall: "the disk stalls"
        case .crash: "the broker crashes and starts"
        }
    }
}

extension ConnectChoice: CustomStringConvertible {
    var description: String {
        var text = "\(version)\(cleanStart ? ", clean" : "")"
        if version.hasProperties { text += ", expiry \(expiry)" }
        if let receiveMaximum { text += ", receive maximum \(receiveMaximum)" }
        if aliases > 0 { text += ", \(aliases) aliases" }
        if let will {
            text += ", will m\(will.number) to \(will.topic) QoS \(will.qos.rawValue)\(will.retain ? " retained" : "")"
            if will.delay > 0 { text += " after \(will.delay) s" }
        }
        return text
    }
}

extension SubscriptionChoice: CustomStringConvertible {
    var description: String {
        var text = "\(filter) QoS \(options.maximumQoS.rawValue)"
        if options.noLocal { text += " no-local" }
        if options.retainAsPublished { text += " retain-as-published" }
        if options.retainHandling != .sendAtSubscribe { text += " retain handling \(options.retainHandling.rawValue)" }
        return text
    }
}

extension PublishChoice: CustomStringConvertible {
    var description: String {
        "m\(number) to \(topic) QoS \(qos.rawValue)\(retain ? " retained" : "")\(isEmpty ? " empty" : "")"
            + (usesAlias ? " by alias" : "")
    }
}
