public import FoundationEssentials

/// What `installation.json` says. The file is written when initialising is complete, and never changed.
public struct InstallationMarker: Codable, Equatable, Sendable {
    /// Tells this installation from every other: 32 hexadecimal digits.
    public let installation: String
    /// When it was initialised.
    public let createdAt: Date
    /// Goes up when an older program must not touch the folder.
    public let format: Int

    static let currentFormat = 1

    /// The marker of the installation with this id.
    public init(installation: String, createdAt: Date = Date()) {
        self.installation = installation
        // As the file tells it: to the second.
        self.createdAt = Date(timeIntervalSince1970: createdAt.timeIntervalSince1970.rounded(.down))
        format = Self.currentFormat
    }

    /// An id that no other installation has: 128 random bits.
    public static func newInstallationID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }.hexadecimal
    }

    /// Reads a marker's bytes; `path` is for the message.
    ///
    /// - Throws: ``InstallationError/markerDamaged(path:problem:)``, ``InstallationError/newer(path:)``.
    init(decoding data: Data, path: String) throws(InstallationError) {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let marker = try? decoder.decode(InstallationMarker.self, from: data) else {
            throw .markerDamaged(
                path: path, problem: data.isEmpty ? "it is empty" : "it is not the JSON that belongs there")
        }
        guard marker.format <= Self.currentFormat else { throw .newer(path: path) }
        guard marker.format > 0, marker.installation.utf8.count == 32,
            marker.installation.allSatisfy({ $0.isHexDigit })
        else { throw .markerDamaged(path: path, problem: "it names no installation") }
        self = marker
    }

    /// The bytes of the file.
    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(self) + Data([0x0A])
    }
}
