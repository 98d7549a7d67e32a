import FoundationEssentials
public import UpgradeProtocol

extension Version: Codable {
    /// Reads a JSON number or a JSON string.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text: String
        if let string = try? container.decode(String.self) {
            text = string
        } else if let number = try? container.decode(Decimal.self) {
            // A decimal, not a double: 1.2 stays 1.2, and 1.0000001 is not rounded to a version.
            text = number.description
        } else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "must be a version, as a number or a string, such as 1.2")
        }
        do {
            self = try Version(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
        }
    }

    /// Writes a JSON number in its shortest decimal form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard let number = Decimal(string: description) else {
            throw EncodingError.invalidValue(
                self, .init(codingPath: container.codingPath, debugDescription: "the version is no decimal number"))
        }
        try container.encode(number)
    }
}

extension GatewayID: Codable {
    /// Reads a JSON string that is a gateway id.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            self = try GatewayID(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
        }
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension CompanyID: Codable {
    /// Reads a JSON string that is a company id.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            self = try CompanyID(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error)")
        }
    }

    /// Writes a JSON string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
