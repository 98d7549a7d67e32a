/// A member of a PATCH body whose object may lack it: left out it stays as it is, `null` takes it away.
public enum Clearable<Value> {
    /// The member is left out.
    case keep
    /// The member is `null`.
    case clear
    /// The member has a value.
    case set(Value)
}

extension Clearable: Sendable where Value: Sendable {}
extension Clearable: Equatable where Value: Equatable {}

extension Clearable: Encodable where Value: Encodable {
    /// Writes the value or `null`; ``keep`` is left out by the container that holds the member.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .keep, .clear: try container.encodeNil()
        case .set(let value): try container.encode(value)
        }
    }
}

extension Clearable: Decodable where Value: Decodable {
    /// Reads a value or `null`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = container.decodeNil() ? .clear : .set(try container.decode(Value.self))
    }
}

extension KeyedEncodingContainer {
    /// What synthesised `encode(to:)` calls for a ``Clearable`` member.
    mutating func encode<Value: Encodable>(_ member: Clearable<Value>, forKey key: Key) throws {
        switch member {
        case .keep: break
        case .clear: try encodeNil(forKey: key)
        case .set(let value): try encode(value, forKey: key)
        }
    }
}

extension KeyedDecodingContainer {
    /// What synthesised `init(from:)` calls for a ``Clearable`` member.
    func decode<Value: Decodable>(_ type: Clearable<Value>.Type, forKey key: Key) throws -> Clearable<Value> {
        guard contains(key) else { return .keep }
        return try decodeNil(forKey: key) ? .clear : .set(decode(Value.self, forKey: key))
    }
}
