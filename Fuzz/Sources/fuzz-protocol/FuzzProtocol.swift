import FuzzSupport
import UpgradeProtocol

/// What gateways send: the first byte says in pieces of which size the rest is read as a stream of frames; it is also one frame, and a body of each message.
///
/// What is accepted is written as it was, and a message means the same when it is read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProtocol(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let choice = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    if let frame = try? Frame(decoding: bytes) { check(frame.encoded() == bytes, "\(frame)") }
    check(frames(in: bytes, by: bytes.count) == frames(in: bytes, by: Int(choice) + 1))
    check(bytes, { try StatusMessage(decoding: $0) }, { $0.encoded() })
    check(bytes, { try UpgradeRequestMessage(decoding: $0) }, { $0.encoded() })
    check(bytes, { try LatestVersionMessage(decoding: $0) }, { $0.encoded() })
    check(bytes, { try AvailableVersionsMessage(decoding: $0) }, { $0.encoded() })
    let text = String(decoding: bytes, as: UTF8.self)
    if let version = try? Version(text) { check((try? Version(version.description)) == version, text) }
    if let id = try? GatewayID(text) { check(id.rawValue == text) }
    _ = try? CompanyID(text)
    return 0
}

private func check<Message: Equatable>(
    _ bytes: [UInt8], _ decode: ([UInt8]) throws -> Message, _ encode: (Message) -> [UInt8]
) {
    guard let message = try? decode(bytes) else { return }
    guard let again = try? decode(encode(message)) else {
        fatalError("\(message) was read and is not readable when written")
    }
    check(again == message, "\(message) came back as \(again)")
}

/// The frames up to the first error.
private func frames(in bytes: [UInt8], by size: Int) -> [Frame] {
    var decoder = FrameStreamDecoder(payloadLimit: 4096)
    var frames: [Frame] = []
    var rest = bytes[...]
    do {
        while !rest.isEmpty {
            var piece = rest.prefix(max(size, 1))
            rest = rest.dropFirst(piece.count)
            while let frame = try decoder.next(from: &piece) { frames.append(frame) }
        }
    } catch {
        return frames
    }
    return frames
}
