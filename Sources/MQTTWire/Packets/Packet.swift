/// Any packet.
public enum Packet: Hashable, Sendable {
    case connect(Connect)
    case connack(Connack)
    case publish(Publish)
    case puback(Puback)
    case pubrec(Pubrec)
    case pubrel(Pubrel)
    case pubcomp(Pubcomp)
    case subscribe(Subscribe)
    case suback(Suback)
    case unsubscribe(Unsubscribe)
    case unsuback(Unsuback)
    case pingreq(Pingreq)
    case pingresp(Pingresp)
    case disconnect(Disconnect)
    case auth(Auth)

    /// Reads the packet that a fixed header announces; see ``ControlPacket/init(header:body:in:)``.
    public init(header: FixedHeader, body: Span<UInt8>, in context: PacketContext) throws(PacketError) {
        self =
            switch header.type {
            case .connect: .connect(try Connect(header: header, body: body, in: context))
            case .connack: .connack(try Connack(header: header, body: body, in: context))
            case .publish: .publish(try Publish(header: header, body: body, in: context))
            case .puback: .puback(try Puback(header: header, body: body, in: context))
            case .pubrec: .pubrec(try Pubrec(header: header, body: body, in: context))
            case .pubrel: .pubrel(try Pubrel(header: header, body: body, in: context))
            case .pubcomp: .pubcomp(try Pubcomp(header: header, body: body, in: context))
            case .subscribe: .subscribe(try Subscribe(header: header, body: body, in: context))
            case .suback: .suback(try Suback(header: header, body: body, in: context))
            case .unsubscribe: .unsubscribe(try Unsubscribe(header: header, body: body, in: context))
            case .unsuback: .unsuback(try Unsuback(header: header, body: body, in: context))
            case .pingreq: .pingreq(try Pingreq(header: header, body: body, in: context))
            case .pingresp: .pingresp(try Pingresp(header: header, body: body, in: context))
            case .disconnect: .disconnect(try Disconnect(header: header, body: body, in: context))
            case .auth: .auth(try Auth(header: header, body: body, in: context))
            }
    }

    /// Reads the packet that starts at an offset of the bytes, whatever follows it.
    ///
    /// - Returns: the packet and the bytes it takes; nil when more are needed.
    /// - Throws: when no continuation of the bytes can make a packet that is legal in the context.
    public static func decode(
        _ bytes: Span<UInt8>, at offset: Int = 0, in context: PacketContext
    ) throws(PacketError) -> (packet: Packet, length: Int)? {
        guard let header = try FixedHeader.decode(bytes, at: offset) else { return nil }
        guard header.packetLength <= bytes.count - offset else {
            // A complete packet's decoder does this.
            try header.validate(in: context)
            return nil
        }
        let body = bytes.extracting((offset + header.length)..<(offset + header.packetLength))
        return (try Packet(header: header, body: body, in: context), header.packetLength)
    }

    /// Appends the whole packet; see ``ControlPacket/encode(in:into:)``.
    public func encode(in context: PacketContext, into buffer: inout [UInt8]) throws(PacketError) {
        switch self {
        case .connect(let packet): try packet.encode(in: context, into: &buffer)
        case .connack(let packet): try packet.encode(in: context, into: &buffer)
        case .publish(let packet): try packet.encode(in: context, into: &buffer)
        case .puback(let packet): try packet.encode(in: context, into: &buffer)
        case .pubrec(let packet): try packet.encode(in: context, into: &buffer)
        case .pubrel(let packet): try packet.encode(in: context, into: &buffer)
        case .pubcomp(let packet): try packet.encode(in: context, into: &buffer)
        case .subscribe(let packet): try packet.encode(in: context, into: &buffer)
        case .suback(let packet): try packet.encode(in: context, into: &buffer)
        case .unsubscribe(let packet): try packet.encode(in: context, into: &buffer)
        case .unsuback(let packet): try packet.encode(in: context, into: &buffer)
        case .pingreq(let packet): try packet.encode(in: context, into: &buffer)
        case .pingresp(let packet): try packet.encode(in: context, into: &buffer)
        case .disconnect(let packet): try packet.encode(in: context, into: &buffer)
        case .auth(let packet): try packet.encode(in: context, into: &buffer)
        }
    }

    /// The packet's type.
    public var type: PacketType {
        switch self {
        case .connect: .connect
        case .connack: .connack
        case .publish: .publish
        case .puback: .puback
        case .pubrec: .pubrec
        case .pubrel: .pubrel
        case .pubcomp: .pubcomp
        case .subscribe: .subscribe
        case .suback: .suback
        case .unsubscribe: .unsubscribe
        case .unsuback: .unsuback
        case .pingreq: .pingreq
        case .pingresp: .pingresp
        case .disconnect: .disconnect
        case .auth: .auth
        }
    }
}
