/// What became of one file of the predecessor's data.
public struct ImportReport: Codable, Equatable, Sendable {
    /// The file.
    public let file: String
    /// What was made, by kind.
    public var created = Counts()
    /// What was there already, by kind; it is left as it is.
    public var skipped = Counts()
    /// Records that cannot be taken over. If there is one, nothing of the file is.
    public var refused: [Refusal] = []

    /// How many of each kind.
    public struct Counts: Codable, Equatable, Sendable {
        /// Companies; also those that a gateway or a user names and no record describes.
        public var companies = 0
        /// Gateways.
        public var gateways = 0
        /// User names. Nobody can log in by one before it is given a password.
        public var users = 0
    }

    /// A record that cannot be taken over.
    public struct Refusal: Error, Codable, Equatable, Sendable, CustomStringConvertible {
        /// Where it begins, from 1.
        public let line: Int
        /// What is wrong with it and what would be right.
        public let reason: String

        /// Line and reason.
        public var description: String { "line \(line): \(reason)" }
    }

    init(file: String) {
        self.file = file
    }
}
