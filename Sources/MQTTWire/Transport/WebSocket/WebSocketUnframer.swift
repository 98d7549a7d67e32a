/// Takes the data out of the frames of a client, in the memory they were read into.
///
/// Frames and messages may begin and end anywhere: MQTT is a stream of bytes in them [MQTT-6.0.0-2].
struct WebSocketUnframer {
    /// A frame that is about the connection.
    enum Control: Equatable {
        case ping([UInt8])
        /// The status code and the reason, as they came.
        case close([UInt8])
    }

    private var header: [UInt8] = []
    private var frame: WebSocketFrameHeader?
    /// Data of the frame that are still to come.
    private var missing = 0
    /// The mask for the next byte, its first byte lowest.
    private var mask: UInt32 = 0
    private var isWithinMessage = false
    private var control: [UInt8] = []
    private var controls: [Control] = []
    /// What broke the rules; nothing after it was looked at.
    private(set) var violation: WebSocketError?
    /// True from a Close frame on; what follows it is ignored.
    private(set) var isClosed = false

    /// Replaces frames, or parts of them, by their data.
    ///
    /// - Returns: How many bytes of data there are, from the start of the buffer.
    mutating func unframe(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        var (from, to) = (0, 0)
        while from < buffer.count, violation == nil, !isClosed {
            do throws(WebSocketError) {
                guard let frame else {
                    try begin(with: buffer[from])
                    from += 1
                    continue
                }
                let count = min(missing, buffer.count - from)
                if frame.opcode.isControl {
                    unmask(buffer, from: from, to: from, count)
                    control.append(contentsOf: buffer[from..<(from + count)])
                } else {
                    unmask(buffer, from: from, to: to, count)
                    to += count
                }
                from += count
                missing -= count
                if missing == 0 { try end(frame) }
            } catch {
                violation = error
            }
        }
        return to
    }

    /// The control frames that came since the last call and want an answer, oldest first.
    mutating func takeControls() -> [Control] {
        guard !controls.isEmpty else { return [] }
        defer { controls = [] }
        return controls
    }

    /// Takes the next byte of a header.
    private mutating func begin(with byte: UInt8) throws(WebSocketError) {
        header.append(byte)
        guard header.count >= 2, header.count == WebSocketFrameHeader.count((header[0], header[1])) else { return }
        let frame = try WebSocketFrameHeader(header)
        header.removeAll(keepingCapacity: true)
        guard let mask = frame.mask else { throw .protocolError("a frame of a client that is not masked") }
        switch frame.opcode {
        case .close, .ping, .pong:
            guard frame.isFinal, frame.length <= WebSocketLimits.controlSize else {
                throw .protocolError("a control frame in pieces, or of more than \(WebSocketLimits.controlSize) bytes")
            }
            control.removeAll(keepingCapacity: true)
        // MQTT is sent in binary frames alone [MQTT-6.0.0-1].
        case .text: throw .unacceptableData("a text frame")
        case .binary:
            guard !isWithinMessage else { throw .protocolError("a new message within another") }
            isWithinMessage = !frame.isFinal
        case .continuation:
            guard isWithinMessage else { throw .protocolError("a continuation of no message") }
            isWithinMessage = !frame.isFinal
        }
        self.mask = mask
        self.frame = frame
        missing = frame.length
        if missing == 0 { try end(frame) }
    }

    private mutating func end(_ frame: WebSocketFrameHeader) throws(WebSocketError) {
        self.frame = nil
        switch frame.opcode {
        case .ping:
            // Whoever sends many at once is content with the answers to the latest (RFC 6455, 5.5.3).
            if controls.count == WebSocketLimits.controlsAtOnce { controls.removeFirst() }
            controls.append(.ping(control))
        case .close:
            guard control.count != 1 else { throw .protocolError("a Close frame with half a status code") }
            controls.append(.close(control))
            isClosed = true
        case .pong, .binary, .continuation, .text: break
        }
    }

    /// Moves bytes down to `to`, and takes their mask off on the way.
    private mutating func unmask(_ buffer: UnsafeMutableRawBufferPointer, from: Int, to: Int, _ count: Int) {
        let wide = UInt64(mask) << 32 | UInt64(mask)
        var index = 0
        // Little-endian on both ends, so that the first byte of the mask meets the first of the data.
        while count - index >= 8 {
            let word = UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: from + index, as: UInt64.self)) ^ wide
            buffer.storeBytes(of: word.littleEndian, toByteOffset: to + index, as: UInt64.self)
            index += 8
        }
        while index < count {
            buffer[to + index] = buffer[from + index] ^ UInt8(truncatingIfNeeded: mask)
            mask = mask >> 8 | mask << 24
            index += 1
        }
    }
}
