/// A client identifier: the key of a session.
///
/// Two ids are the same only if their bytes are: `String` would take two ids that differ in Unicode normalisation for
/// one, and let one client take over the other's session. Longer ids than the 23 characters of MQTT 3.1 are accepted in
/// every version, as deployed brokers do.
public struct ClientID: Hashable, Sendable, CustomStringConvertible {
    /// The id as text; may be empty, which asks the server to assign one.
    public let text: String

    /// Throws when the text is longer than 65,535 bytes of UTF-8 or contains U+0000.
    public init(_ text: String) throws(PacketError) {
        try TextRules.check(text, "client id")
        self.text = text
    }

    /// For text that the reader has checked.
    init(checked text: String) {
        self.text = text
    }

    /// Whether the client leaves the choice to the server.
    public var isEmpty: Bool { text.isEmpty }

    /// The id as text.
    public var description: String { text }

    /// Whether the bytes are the same.
    public static func == (left: ClientID, right: ClientID) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        var copy = text
        copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
