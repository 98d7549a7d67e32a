import FoundationEssentials
import GRDB
import MQTTBroker
import MQTTWire

/// What is kept in the form that MQTT 5.0 has for it.
enum Coding {
    private static let context = PacketContext(version: .v5_0, direction: .toServer)

    /// Topic and properties as a PUBLISH without payload.
    static func head(of message: StoredMessage) throws(PacketError) -> Data {
        var bytes: [UInt8] = []
        try PublishHead(topic: message.topic, properties: message.properties).encode(
            payloadLength: 0, in: context, into: &bytes)
        return Data(bytes)
    }

    static func head(_ data: Data) -> (TopicName, Properties)? {
        guard case .publish(let publish)? = packet(data), let topic = publish.head.topic else { return nil }
        return (topic, publish.head.properties)
    }

    /// A will as a CONNECT that leaves it.
    static func will(_ stored: StoredWill) throws(PacketError) -> Data {
        var bytes: [UInt8] = []
        try Connect(version: .v5_0, clientID: try ClientID(""), will: stored.will, userName: stored.userName)
            .encode(in: context, into: &bytes)
        return Data(bytes)
    }

    static func will(_ data: Data) -> (Will, userName: String?)? {
        guard case .connect(let connect)? = packet(data), let will = connect.will else { return nil }
        return (will, connect.userName)
    }

    private static func packet(_ data: Data) -> Packet? {
        let bytes = [UInt8](data)
        guard let decoded = try? Packet.decode(bytes.span, in: context), decoded.length == bytes.count else {
            return nil
        }
        return decoded.packet
    }

    static func payload(of message: StoredMessage) -> Data {
        var data = Data(capacity: message.prefix.count + message.body.count)
        data.append(contentsOf: message.prefix)
        message.body.withUnsafeBytes { data.append(contentsOf: $0) }
        return data
    }

    static func flags(_ qos: QoS, retain: Bool) -> Int64 { Int64(qos.rawValue) | (retain ? 4 : 0) }

    static func flags(_ number: Int64) -> (QoS, retain: Bool)? {
        guard 0..<8 ~= number, let qos = QoS(rawValue: UInt8(number & 3)) else { return nil }
        return (qos, number & 4 != 0)
    }

    static func options(_ options: SubscriptionOptions) -> Int64 {
        flags(options.maximumQoS, retain: options.retainAsPublished) | (options.noLocal ? 8 : 0)
            | Int64(options.retainHandling.rawValue) << 4
    }

    static func options(_ number: Int64) -> SubscriptionOptions? {
        guard 0..<64 ~= number, let (qos, retain) = flags(number & 7),
            let handling = RetainHandling(rawValue: UInt8(number >> 4))
        else { return nil }
        return SubscriptionOptions(
            qos, noLocal: number & 8 != 0, retainAsPublished: retain, retainHandling: handling)
    }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow
            ? (seconds < 0 ? .min : .max)
            : whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000).partialValue
    }
}

/// A row of a file that may be damaged.
struct CheckedRow {
    /// What a column says is impossible.
    struct Nonsense: Error, CustomStringConvertible {
        let column: Int
        var description: String { "column \(column) of a row makes no sense" }
    }

    let row: Row

    func optionalNumber(_ column: Int) throws(Nonsense) -> Int64? {
        switch (row[column] as DatabaseValue).storage {
        case .null: return nil
        case .int64(let number): return number
        default: throw Nonsense(column: column)
        }
    }

    func optionalText(_ column: Int) throws(Nonsense) -> String? {
        switch (row[column] as DatabaseValue).storage {
        case .null: return nil
        case .string(let text): return text
        default: throw Nonsense(column: column)
        }
    }

    func optionalData(_ column: Int) throws(Nonsense) -> Data? {
        switch (row[column] as DatabaseValue).storage {
        case .null: return nil
        case .blob(let data): return data
        default: throw Nonsense(column: column)
        }
    }

    func number(_ column: Int) throws(Nonsense) -> Int64 { try some(optionalNumber(column), column) }
    func text(_ column: Int) throws(Nonsense) -> String { try some(optionalText(column), column) }
    func data(_ column: Int) throws(Nonsense) -> Data { try some(optionalData(column), column) }

    func messageID(_ column: Int) throws(Nonsense) -> UInt64 {
        let number = try number(column)
        guard 0...StorageLimits.messageID ~= number else { throw Nonsense(column: column) }
        return UInt64(number)
    }

    func packetID(_ column: Int) throws(Nonsense) -> PacketID {
        try some(try number(column).asPacketID, column)
    }

    func some<Value>(_ value: Value?, _ column: Int) throws(Nonsense) -> Value {
        guard let value else { throw Nonsense(column: column) }
        return value
    }
}

extension Int64 {
    fileprivate var asPacketID: PacketID? { UInt16(exactly: self).flatMap { try? PacketID($0) } }
}
