public import UpgradeProtocol

/// Whom a deployment is for: `{"gateways": ["gw2"]}`, `{"company": "2"}` or `{"all": true}`.
public enum DeploymentTargetBody: Sendable, Equatable {
    /// These gateways.
    case gateways([GatewayID])
    /// The gateways of a company that are known when the order is given.
    case company(CompanyID)
    /// All gateways that the person may see and that are known when the order is given.
    case all
}

extension DeploymentTargetBody: Codable {
    private enum CodingKeys: String, CodingKey, CaseIterable { case gateways, company, all }

    /// Reads an object with exactly one of the three members.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: AnyMember.self)
        guard container.allKeys.count == 1, let key = container.allKeys.first,
            let member = CodingKeys(stringValue: key.stringValue)
        else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "must have exactly one of the members gateways, company, all"))
        }
        switch member {
        case .gateways:
            let ids = try container.decode([GatewayID].self, forKey: key)
            guard !ids.isEmpty else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "must name at least one gateway")
            }
            self = .gateways(ids)
        case .company:
            self = .company(try container.decode(CompanyID.self, forKey: key))
        case .all:
            guard try container.decode(Bool.self, forKey: key) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "must be true, or name gateways or a company instead")
            }
            self = .all
        }
    }

    /// Writes an object with one member.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .gateways(let ids): try container.encode(ids, forKey: .gateways)
        case .company(let id): try container.encode(id, forKey: .company)
        case .all: try container.encode(true, forKey: .all)
        }
    }
}
