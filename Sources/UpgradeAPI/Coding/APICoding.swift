public import FoundationEssentials

/// JSON as the API writes and reads it.
public enum APICoding {
    /// Writes a body: compact, members sorted by name, so that the same value is always the same bytes.
    public static func encode(_ body: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(body)
    }

    /// Reads a body that the server sent; members unknown to this version are ignored.
    public static func decodeResponse<Body: Decodable>(_ type: Body.Type, from data: Data) throws -> Body {
        try JSONDecoder().decode(type, from: data)
    }

    /// Reads a body that a caller sent; a member that `type` does not have refuses the whole request.
    ///
    /// - Throws: ``RequestBodyError`` naming the member at fault.
    public static func decodeRequest<Body: RequestBody>(
        _ type: Body.Type, from data: Data
    ) throws(RequestBodyError) -> Body {
        do {
            return try JSONDecoder().decode(StrictBody<Body>.self, from: data).body
        } catch let error as DecodingError {
            throw RequestBodyError(error)
        } catch {
            throw RequestBodyError(member: nil, detail: "the body is not valid JSON")
        }
    }
}

extension RequestBodyError {
    fileprivate init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            self.init(member: Self.path(context.codingPath + [key]), detail: "is missing")
        case .valueNotFound(_, let context):
            self.init(member: Self.path(context.codingPath), detail: "must not be null")
        case .typeMismatch(let type, let context):
            self.init(member: Self.path(context.codingPath), detail: "must be \(Self.jsonName(of: type))")
        case .dataCorrupted(let context):
            let path = Self.path(context.codingPath)
            self.init(member: path, detail: path == nil ? "the body is not valid JSON" : context.debugDescription)
        @unknown default:
            self.init(member: nil, detail: "the body cannot be read")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String? {
        var path = ""
        for key in keys {
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
        return path.isEmpty ? nil : path
    }

    private static func jsonName(of type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type, is any BinaryFloatingPoint.Type, is Decimal.Type: "a number"
        case is any ExpressibleByArrayLiteral.Type: "an array"
        default: "an object"
        }
    }
}

extension String {
    /// In quotation marks, control characters escaped, cut when long: fit for a one-line message.
    var quoted: String {
        let escaped = unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: true) : String(scalar)
        }.joined()
        return escaped.count > 80 ? "\"\(escaped.prefix(77))…\"" : "\"\(escaped)\""
    }
}
