/// What PUBACK, PUBREC, PUBREL and PUBCOMP share: a packet id, and in 5.0 a reason code and properties (section 3.4).
public protocol Acknowledgement: ControlPacket {
    /// The packet id of the PUBLISH that this is about.
    var packetID: PacketID { get }

    /// The outcome; before 5.0 always success, since nothing else could be said.
    var reasonCode: ReasonCode { get }

    /// Left out before 5.0.
    var properties: Properties { get }

    /// Creates the packet; whether it is legal is checked when it is encoded.
    init(packetID: PacketID, reasonCode: ReasonCode, properties: Properties)

    /// This packet's column in the table of properties.
    static var propertyPlace: PropertyPlace { get }
}

extension Acknowledgement {
    /// Reads the packet; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        try Self.checkHeader(header, body, in: context)
        var reader = ByteReader(body, origin: header.length)
        let packetID = try reader.packetID(body)
        let outcome = try Outcome(&reader, body, Self.type, at: Self.propertyPlace, in: context)
        try reader.finish(Self.type)
        self.init(packetID: packetID, reasonCode: outcome.reasonCode, properties: outcome.properties)
    }

    /// Appends the packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        try buffer.appendPacket(Self.type) { (buffer) throws(PacketError) in
            // [MQTT-2.2.1-5]
            buffer.appendUInt16(packetID.rawValue)
            try Outcome(reasonCode: reasonCode, properties: properties)
                .encode(Self.type, at: Self.propertyPlace, in: context, into: &buffer)
        }
    }
}

/// The end of an acknowledgement, of DISCONNECT and of AUTH: nothing (success), a reason code, or code and properties.
struct Outcome {
    var reasonCode: ReasonCode
    var properties: Properties

    init(reasonCode: ReasonCode, properties: Properties) {
        self.reasonCode = reasonCode
        self.properties = properties
    }

    /// Reads what is there; before 5.0 that must be nothing, which the caller finds when it looks for left-over bytes.
    init(
        _ reader: inout ByteReader, _ body: Span<UInt8>, _ type: PacketType, at place: PropertyPlace,
        in context: PacketContext
    ) throws(PacketError) {
        self.init(reasonCode: .success, properties: Properties())
        guard context.version.hasReasonCodes, !reader.isAtEnd else { return }
        reasonCode = try ReasonCode(&reader, body, type, context.direction)
        guard !reader.isAtEnd else { return }
        properties = try Properties(&reader, body, at: place, context.version)
    }

    /// Appends as little as says it.
    func encode(
        _ type: PacketType, at place: PropertyPlace, in context: PacketContext, into buffer: inout [UInt8]
    ) throws(PacketError) {
        guard context.version.hasReasonCodes else { return }
        try reasonCode.checkLegal(in: type, context.direction)
        guard reasonCode != .success || !properties.isEmpty else { return }
        buffer.append(reasonCode.rawValue)
        guard !properties.isEmpty else { return }
        try properties.encode(at: place, context.version, into: &buffer)
    }
}

extension ReasonCode {
    /// Reads a code that is one of the packet's own.
    init(
        _ reader: inout ByteReader, _ body: Span<UInt8>, _ type: PacketType, _ direction: PacketDirection
    ) throws(PacketError) {
        let offset = reader.offset
        let byte = try reader.byte(body, "reason code")
        // [MQTT-3.4.2-1, MQTT-3.5.2-1, MQTT-3.6.2-1, MQTT-3.7.2-1, MQTT-3.14.2-1]
        guard let code = ReasonCode(rawValue: byte), code.isLegal(in: type, direction) else {
            throw PacketError(.protocolError, at: offset, "reason code \(byte) is none of \(type)")
        }
        self = code
    }

    func checkLegal(in type: PacketType, _ direction: PacketDirection) throws(PacketError) {
        guard isLegal(in: type, direction) else {
            throw PacketError(.protocolError, "\(self) is no reason code of \(type)")
        }
    }
}
