import Glibc
package import MQTTWire
import Synchronization
import UpgradeProtocol

/// One copy of a large executable for all gateways of a fleet that receive it at the same time: a thousand that download 30 MB need 30 MB, not 30 GB.
///
/// What one gateway has received the others are compared with, byte by byte. Where one gets other bytes, it goes on with a copy of its own, so that each has exactly
/// what came, except for the frame's time: frames that differ in nothing else count as equal.
package final class SharedPayloads: Sendable {
    /// What two frames with the same payload have in common, as far as their headers tell.
    private struct Identity: Hashable {
        let announced: Int
        let lengthAndChecksum: [UInt8]
    }

    private struct Entry {
        weak var content: PayloadContent?
    }

    private let entries = Mutex<[Identity: Entry]>([:])

    package init() {}

    /// Who takes the next payload of one gateway.
    package func receiver(announced: Int) -> any PayloadReceiver {
        SharedPayloadReceiver(announced: announced, payloads: self)
    }

    /// The content that a frame with this header shares with others, which lives as long as one of them holds it.
    fileprivate func content(announced: Int, header: [UInt8]) -> PayloadContent {
        let identity = Identity(announced: announced, lengthAndChecksum: Array(header.dropFirst(4)))
        return entries.withLock { entries in
            if let content = entries[identity]?.content { return content }
            entries = entries.filter { $0.value.content != nil }
            let content = PayloadContent(announced: announced, header: header)
            entries[identity] = Entry(content: content)
            return content
        }
    }
}

/// The payload of one gateway on its way.
private final class SharedPayloadReceiver: PayloadReceiver {
    private enum Progress {
        /// Until the frame's header tells what may come.
        case header([UInt8])
        /// So many bytes were what the others have.
        case shared(PayloadContent, count: Int)
        /// Other bytes came.
        case own([UInt8])
    }

    private let announced: Int
    private let payloads: SharedPayloads
    private var progress = Progress.header([])

    init(announced: Int, payloads: SharedPayloads) {
        self.announced = announced
        self.payloads = payloads
    }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        switch progress {
        case .header(var header):
            let missing = ProtocolLimits.frameHeaderLength - header.count
            header.append(contentsOf: bytes.prefix(missing))
            guard header.count == ProtocolLimits.frameHeaderLength else {
                progress = .header(header)
                return
            }
            let content = payloads.content(announced: announced, header: header)
            progress = .shared(content, count: header.count)
            receive(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(missing)))
        case .shared(let content, let count):
            if content.accepts(bytes, at: count) {
                progress = .shared(content, count: count + bytes.count)
            } else {
                progress = .own(content.prefix(count) + bytes)
            }
        case .own(var own):
            progress = .header([])
            own.append(contentsOf: bytes)
            progress = .own(own)
        }
    }

    func finish() -> SharedBytes {
        switch progress {
        case .header(let bytes), .own(let bytes): SharedBytes(bytes)
        case .shared(let content, _): content.whole()
        }
    }
}

/// The bytes of a frame as far as any gateway has received them.
private final class PayloadContent: Sendable {
    private struct Bytes {
        var received: [UInt8]
        /// All of them, once they are there; `received` is empty then.
        var whole: SharedBytes?
    }

    private let announced: Int
    private let bytes: Mutex<Bytes>

    init(announced: Int, header: [UInt8]) {
        self.announced = announced
        var received = header
        // Memory that nothing was written to costs nothing.
        received.reserveCapacity(announced)
        bytes = Mutex(Bytes(received: received))
    }

    /// Whether bytes that came to somebody are those that came to others before; what nobody had before is kept.
    func accepts(_ more: UnsafeRawBufferPointer, at position: Int) -> Bool {
        bytes.withLock { bytes in
            if let whole = bytes.whole { return whole.withUnsafeBytes { $0.contains(more, at: position) } }
            let repeated = UnsafeRawBufferPointer(rebasing: more.prefix(bytes.received.count - position))
            guard bytes.received.withUnsafeBytes({ $0.contains(repeated, at: position) }) else { return false }
            bytes.received.append(contentsOf: more.dropFirst(repeated.count))
            if bytes.received.count == announced {
                bytes.whole = SharedBytes(bytes.received)
                bytes.received = []
            }
            return true
        }
    }

    /// The first so many bytes, which somebody has received.
    func prefix(_ count: Int) -> [UInt8] {
        bytes.withLock { bytes in
            bytes.whole?.withUnsafeBytes { Array($0.prefix(count)) } ?? Array(bytes.received.prefix(count))
        }
    }

    /// All bytes, for somebody who has received them.
    func whole() -> SharedBytes {
        bytes.withLock { $0.whole ?? SharedBytes($0.received) }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes stand at a position; false beyond the end.
    fileprivate func contains(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Bool {
        guard 0...count ~= position, bytes.count <= count - position else { return false }
        guard let mine = baseAddress, let theirs = bytes.baseAddress else { return bytes.isEmpty }
        return memcmp(mine + position, theirs, bytes.count) == 0
    }
}
