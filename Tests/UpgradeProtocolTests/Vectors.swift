import Foundation

/// The vectors that come with the package for gateway makers: `Documentation/vectors/wire-protocol.json`.
struct Vectors: Decodable {
    let frames: Frames
    let versions: Versions
    let gatewayIds: Identifiers
    let companyIds: Identifiers
    let topics: Topics
    let messages: Messages

    static func load() throws -> Vectors {
        let file = URL(filePath: #filePath).appending(path: "../../../Documentation/vectors/wire-protocol.json")
        return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file.standardizedFileURL))
    }

    struct Frames: Decodable {
        let accepted: [Accepted]
        let acceptedFromGateways: [Accepted]
        let refused: [Refused]

        struct Accepted: Decodable {
            let name: String
            let timestamp: UInt32
            let payload: Hex
            let frame: Hex
        }

        struct Refused: Decodable {
            let name: String
            let frame: Hex
            let rule: String
            let byteCount: Int?
            let declared: UInt32?
            let actual: Int?
            let computed: UInt32?
        }
    }

    struct Versions: Decodable {
        let accepted: [Accepted]
        let refused: [String]
        let ascending: [String]

        struct Accepted: Decodable {
            let text: String
            let shortest: String
            let millionths: UInt64
        }
    }

    struct Identifiers: Decodable {
        let accepted: [String]
        let refused: [Refused]

        struct Refused: Decodable {
            let text: String
            let rule: String
        }
    }

    struct Topics: Decodable {
        let accepted: [Accepted]
        let refused: [Refused]

        struct Accepted: Decodable {
            let name: String
            let direction: String
            let verb: String
            let gatewayId: String?
        }

        struct Refused: Decodable {
            let name: String
            let rule: String
        }
    }

    struct Messages: Decodable {
        let status: Message
        let latestVersion: Message
        let availableVersions: Message
        let requestUpgrade: Message

        private enum CodingKeys: String, CodingKey {
            case status = "STATUS"
            case latestVersion = "LATEST_VERSION"
            case availableVersions = "AVAILABLE_VERSIONS"
            case requestUpgrade = "REQUEST_UPGRADE"
        }
    }

    struct Message: Decodable {
        /// Bodies that are read, and what they say.
        let read: [Content]
        /// Contents, and the body they are written as.
        let written: [Content]
        let refused: [Refused]

        struct Content: Decodable {
            let body: String
            let bodyAsText: String?
            let companyId: String?
            let version: String?
            let versions: [String]?
            let timestamp: Int64?
            let failed: String?
            let failedVersion: String?
        }

        struct Refused: Decodable {
            let body: String?
            let bodyHex: Hex?
            let rule: String
            let member: String?

            var bytes: [UInt8] { bodyHex?.bytes ?? Array((body ?? "").utf8) }
        }
    }
}

/// Bytes that the vectors write in hexadecimal.
struct Hex: Decodable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let digits = try container.decode(String.self).compactMap(\.hexDigitValue)
        bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
