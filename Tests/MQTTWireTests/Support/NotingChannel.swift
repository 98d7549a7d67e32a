import MQTTWire
import Synchronization

/// A channel that notes everything, and does what the test says with each packet.
final class NotingChannel: PacketChannel {
    struct Notes: Sendable {
        var packets: [[UInt8]] = []
        var payloads: [SharedBytes] = []
        var progress: [SendQueue.Progress] = []
        var drained = 0
        var peer: PeerCertificate?
        var end: ChannelEnd?
    }

    let notes: Harness
    var onPacket: ((NotingChannel) throws -> Void)?
    var onHandOver: ((HandedOverStream) -> Void)?

    init(
        _ stream: consuming ByteStream, loop: EventLoop, notes: Harness, direction: PacketDirection = .toServer,
        limit: Int = 1 << 28
    ) {
        self.notes = notes
        super.init(
            stream, loop: loop, context: PacketContext(version: .v5_0, direction: direction), maximumPacketSize: limit)
    }

    init?(_ handedOver: HandedOverStream, loop: EventLoop, notes: Harness) {
        self.notes = notes
        super.init(
            handedOver, loop: loop, context: PacketContext(version: .v5_0, direction: .toServer),
            maximumPacketSize: 1 << 28)
    }

    override func received(_ header: FixedHeader, body: Span<UInt8>) throws(PacketError) {
        let bytes = body.withUnsafeBytes { Array($0) }
        note { $0.packets.append([header.type.rawValue] + bytes) }
        try? onPacket?(self)
    }

    override func receivedPublish(_ layout: PublishLayout, head: Span<UInt8>, payload: SharedBytes) throws(PacketError)
    {
        let bytes = head.withUnsafeBytes { Array($0) }
        note {
            $0.packets.append([PacketType.publish.rawValue] + bytes)
            $0.payloads.append(payload)
        }
        try? onPacket?(self)
    }

    private func note(_ change: (inout Notes) -> Void) {
        let peer = peerCertificate
        notes.change {
            $0.peer = peer
            change(&$0)
        }
    }

    override func progressed(_ progress: SendQueue.Progress) { notes.change { $0.progress.append(progress) } }
    override func drained() { notes.change { $0.drained += 1 } }
    override func handedOver(_ stream: HandedOverStream) { onHandOver?(stream) }
    override func closed(_ end: ChannelEnd) { notes.change { $0.end = end } }
}

/// What a test sees of a channel.
final class Harness: Sendable {
    private let notes = Mutex(NotingChannel.Notes())

    var value: NotingChannel.Notes { notes.withLock { $0 } }

    func change(_ body: (inout NotingChannel.Notes) -> Void) {
        notes.withLock { body(&$0) }
    }
}

extension EventLoop {
    /// Runs the closure on the loop and waits for what it returns.
    func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            execute { continuation.resume(returning: body()) }
        }
    }
}
