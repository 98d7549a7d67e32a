import FuzzSupport
@testable import MQTTWire

/// WebSocket: the first byte says in pieces of which size the rest is read, as a request and as frames.
///
/// What comes out does not depend on how the bytes were cut.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWebSocket(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let choice = input.first else { return 0 }
    let bytes = Array(input.dropFirst())
    if let length = WebSocketUpgrade.length(of: bytes) {
        for searched in 0..<length { check(WebSocketUpgrade.length(of: bytes, searched: searched) == length) }
        _ = try? WebSocketUpgrade.answer(to: bytes[..<length], under: WebSocketPolicy())
    }
    let whole = unframed(bytes, by: max(bytes.count, 1))
    let cut = unframed(bytes, by: Int(choice) + 1)
    check(whole.data == cut.data, "other data in pieces of \(Int(choice) + 1)")
    check(whole.unframer.isClosed == cut.unframer.isClosed)
    check(whole.unframer.violation == cut.unframer.violation)
    return 0
}

private func unframed(_ bytes: [UInt8], by size: Int) -> (data: [UInt8], unframer: WebSocketUnframer) {
    var unframer = WebSocketUnframer()
    var data: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        var piece = Array(rest.prefix(size))
        rest = rest.dropFirst(size)
        let count = piece.withUnsafeMutableBytes { unframer.unframe($0) }
        check(count <= piece.count)
        data += piece[..<count]
        _ = unframer.takeControls()
    }
    return (data, unframer)
}
