import FuzzSupport
import MQTTWire

/// MQTT packets: the first byte chooses version and direction, the rest is what a peer sends.
///
/// Whatever is accepted can be written, and reads as the same packet again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPackets(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let choice = input.first else { return 0 }
    let version = ProtocolVersion.allCases[Int(choice) % ProtocolVersion.allCases.count]
    let context = PacketContext(version: version, direction: choice & 0x80 == 0 ? .toServer : .toClient)
    var rest = input.dropFirst()
    while !rest.isEmpty {
        let bytes = Array(rest)
        guard let (packet, length) = try? Packet.decode(bytes.span, in: context) else { return 0 }
        check(length > 0 && length <= bytes.count, "\(packet) of \(length) bytes in \(bytes.count)")
        check(packet, in: context)
        rest = rest.dropFirst(length)
    }
    return 0
}

private func check(_ packet: Packet, in context: PacketContext) {
    var context = context
    // CONNECT carries its own version, whatever was spoken before.
    if case .connect(let connect) = packet { context.version = connect.version }
    do {
        var written: [UInt8] = []
        try packet.encode(in: context, into: &written)
        let again = try Packet.decode(written.span, in: context)
        check(again?.packet == packet, "\(packet) came back as \(String(describing: again))")
        check(again?.length == written.count, "\(packet) left bytes over")
    } catch {
        fatalError("\(packet) was read and cannot be written: \(error)")
    }
}
