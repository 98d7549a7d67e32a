/// Why bytes are no packet, or why a packet cannot be written.
///
/// Incomplete input is no error. Two errors are equal if their codes are, so that a test or a caller can compare with
/// the answer it expects and leave the wording alone.
public struct PacketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What a server answers with, in CONNACK or DISCONNECT; see ``ReasonCode/connectReturnCode`` for 3.1 and 3.1.1.
    public let code: ReasonCode

    /// Where in the packet, counted from its first byte; nil when a packet was refused on its way out.
    public internal(set) var offset: Int?

    /// Which value is wrong, and what would be right.
    public let reason: String

    /// The number of the normative statement that is violated, such as `MQTT-3.3.1-4`, numbered as in 5.0, or `MQTT3-3.1.2-22`, as in
    /// 3.1.1, where only that version has the rule.
    public let statement: String?

    /// For a refused CONNECT: the version in which the client understands the CONNACK; nil when it was not readable.
    public internal(set) var version: ProtocolVersion?

    /// An error without a place in a packet: a value that cannot be sent.
    @inline(never)
    public init(_ code: ReasonCode, _ reason: @autoclosure () -> String, _ statement: String? = nil) {
        self.init(code, at: nil, reason(), statement)
    }

    /// Out of line, and with a reason that is put together in here: otherwise the text of errors takes up registers and stack of codecs that hardly
    /// ever fail.
    @inline(never)
    init(_ code: ReasonCode, at offset: Int?, _ reason: @autoclosure () -> String, _ statement: String? = nil) {
        self.code = code
        self.offset = offset
        self.reason = reason()
        self.statement = statement
    }

    /// Whether both have the same code.
    public static func == (left: PacketError, right: PacketError) -> Bool {
        left.code == right.code
    }

    /// Hashes the code.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
    }

    /// One line: the code, the place, the reason and the statement.
    public var description: String {
        let place = offset.map { " at byte \($0)" } ?? ""
        let rule = statement.map { " [\($0)]" } ?? ""
        return "\(code)\(place): \(reason)\(rule)"
    }
}
