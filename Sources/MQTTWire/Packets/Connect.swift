/// CONNECT: the first packet of a client (section 3.1).
///
/// ```text
/// protocol name, level, connect flags, keep-alive, properties;
/// client id, will properties, will topic, will payload, user name, password
/// ```
public struct Connect: ControlPacket {
    /// The type that stands in the fixed header.
    public static let type = PacketType.connect

    /// The version that the connection is to speak.
    public var version: ProtocolVersion

    /// The session's key; empty: the server chooses.
    public var clientID: ClientID

    /// Forget a session that may exist; before 5.0 also forget this one when the connection ends ("clean session").
    public var cleanStart: Bool

    /// Seconds of silence, at most, that the client promises; 0: it promises nothing.
    public var keepAlive: UInt16

    /// What is published when the connection ends without DISCONNECT.
    public var will: Will?

    /// Who the client says it is.
    public var userName: String?

    /// At most 65,535 bytes, not necessarily text; before 5.0 only beside a user name.
    public var password: [UInt8]?

    /// Left out before 5.0.
    public var properties: Properties

    /// Creates the packet; whether it is legal is checked when it is encoded.
    public init(
        version: ProtocolVersion = .v3_1_1, clientID: ClientID, cleanStart: Bool = true, keepAlive: UInt16 = 60,
        will: Will? = nil, userName: String? = nil, password: [UInt8]? = nil, properties: Properties = Properties()
    ) {
        self.version = version
        self.clientID = clientID
        self.cleanStart = cleanStart
        self.keepAlive = keepAlive
        self.will = will
        self.userName = userName
        self.password = password
        self.properties = properties
    }

    /// Reads a CONNECT of any version; ``version`` says which it was, and so does a thrown error if it could be read.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        var reader = ByteReader(body, origin: header.length)
        let version = try Self.readVersion(&reader, body)
        do throws(PacketError) {
            try header.validateBits(for: version)
            self = try Self.read(&reader, body, version)
        } catch {
            var answerable = error
            answerable.version = version
            throw answerable
        }
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try Self.checkLegal(in: context)
        try Self.checkClientID(clientID, cleanStart: cleanStart, version, at: nil)
        try Self.checkPassword(hasUserName: userName != nil, hasPassword: password != nil, version, at: nil)
        try buffer.appendPacket(.connect) { (buffer) throws(PacketError) in
            let name = version.protocolName.utf8.span
            let flags = ConnectFlags(self)
            buffer.append(addingCapacity: 2 + name.count + 4) { output in
                output.appendUInt16(UInt16(truncatingIfNeeded: name.count))
                output.appendBytes(name)
                output.append(version.rawValue)
                output.append(flags.rawValue)
                output.appendUInt16(keepAlive)
            }
            try properties.encode(at: .connect, version, into: &buffer)
            try buffer.appendText(clientID.text, "client id")
            if let will {
                try will.properties.encode(at: .will, version, into: &buffer)
                try buffer.appendBinary(will.topic.bytes, "will topic")
                try buffer.appendBinary(will.payload, "will payload")
            }
            if let userName { try buffer.appendText(userName, "user name") }
            if let password { try buffer.appendBinary(password, "password") }
        }
    }
}

extension Connect {
    /// Tells a version that is none of ours apart from bytes that are no MQTT, so that the client gets its answer:
    /// CONNACK 0x01 from 3.1.1 on, 0x84 from 5.0 on [MQTT-3.1.2-2].
    private static func readVersion(
        _ reader: inout ByteReader, _ body: Span<UInt8>
    ) throws(PacketError) -> ProtocolVersion {
        let name = try reader.binaryRange(body, "protocol name")
        let offset = reader.offset
        let level = try reader.byte(body, "protocol level")
        // [MQTT-3.1.2-1]
        if let version = ProtocolVersion(rawValue: level), TextRules.isEqual(body, name, version.protocolName) {
            return version
        }
        try TextRules.check(body, name, "protocol name", origin: reader.origin)
        let text = String(TextRules.text(body, name).prefix(16))
        var error = PacketError(
            .unsupportedProtocolVersion, at: offset,
            "protocol \(text.debugDescription) level \(level); MQIsdp 3, MQTT 4 and MQTT 5 are supported",
            "MQTT-3.1.2-2")
        error.version = level < ProtocolVersion.v5_0.rawValue ? .v3_1_1 : .v5_0
        throw error
    }

    /// Reads what follows the version. The packet is made of its parts at the end: one that were filled bit by bit would be copied on the way.
    private static func read(
        _ reader: inout ByteReader, _ body: Span<UInt8>, _ version: ProtocolVersion
    ) throws(PacketError) -> Connect {
        let flagsOffset = reader.offset
        let flags = try ConnectFlags(try reader.byte(body, "connect flags"), version, offset: flagsOffset)
        let cleanStart = flags.contains(.cleanStart)
        let keepAlive = try reader.uint16(body, "keep-alive")
        let properties = try Properties(&reader, body, at: .connect, version)
        // [MQTT-3.1.3-1, MQTT-3.1.3-3, MQTT-3.1.3-4, MQTT-3.1.3-5]
        let clientIDOffset = reader.offset
        let clientID = ClientID(checked: try reader.text(body, "client id"))
        // [MQTT-3.1.2-9, MQTT-3.1.3-11]
        let will = flags.contains(.will) ? try Will(&reader, body, flags, version) : nil
        // In 3.1 the remaining length takes precedence over the flags of user name and password.
        // [MQTT-3.1.2-17, MQTT-3.1.2-19, MQTT-3.1.3-12]
        let hasUserName = flags.contains(.userName) && !(reader.isAtEnd && version.allowsMissingCredentials)
        let userName = hasUserName ? try reader.text(body, "user name") : nil
        let hasPassword = flags.contains(.password) && !(reader.isAtEnd && version.allowsMissingCredentials)
        let password = hasPassword ? try reader.binary(body, "password") : nil
        try checkClientID(clientID, cleanStart: cleanStart, version, at: clientIDOffset)
        // [MQTT-3.1.2-16, MQTT-3.1.2-18, MQTT-3.1.4-1]
        try reader.finish(.connect)
        return Connect(
            version: version, clientID: clientID, cleanStart: cleanStart, keepAlive: keepAlive, will: will,
            userName: userName, password: password, properties: properties)
    }

    private static func checkClientID(
        _ clientID: ClientID, cleanStart: Bool, _ version: ProtocolVersion, at offset: Int?
    ) throws(PacketError) {
        guard clientID.isEmpty else { return }
        guard version.allowsEmptyClientID else {
            throw PacketError(
                .clientIdentifierNotValid, at: offset,
                "an empty client id; in MQTT \(version) it has at least 1 character")
        }
        // [MQTT3-3.1.3-8]
        guard cleanStart || !version.requiresCleanStartWithEmptyClientID else {
            throw PacketError(
                .clientIdentifierNotValid, at: offset, "an empty client id without clean session", "MQTT-3.1.3-8")
        }
    }

    /// A password needs a user name before 5.0 [MQTT3-3.1.2-22].
    static func checkPassword(
        hasUserName: Bool, hasPassword: Bool, _ version: ProtocolVersion, at offset: Int?
    ) throws(PacketError) {
        guard hasPassword, !hasUserName, !version.allowsPasswordWithoutUserName else { return }
        throw PacketError(.malformedPacket, at: offset, "a password without a user name", "MQTT3-3.1.2-22")
    }
}

extension Will {
    /// Reads the will's part of a CONNECT.
    fileprivate init(
        _ reader: inout ByteReader, _ body: Span<UInt8>, _ flags: ConnectFlags, _ version: ProtocolVersion
    ) throws(PacketError) {
        let properties = try Properties(&reader, body, at: .will, version)
        let topic = try reader.textRange(body, "will topic")
        try TopicRules.checkName(body, topic, origin: reader.origin)
        self.init(
            topic: TopicName(checked: body.array(topic)), payload: try reader.binary(body, "will payload"),
            qos: flags.willQoS, retain: flags.contains(.willRetain), properties: properties)
    }
}
