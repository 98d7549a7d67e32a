/// A large PUBLISH whose payload is coming: an object, so that the connections on which none is, which are most, have one word for it.
final class IncomingPublish {
    let layout: PublishLayout
    /// The body up to the payload.
    let head: [UInt8]
    /// How many bytes of the payload are still to come.
    private(set) var missing: Int
    /// Who takes the payload; nil: the buffer does.
    private let receiver: (any PayloadReceiver)?
    private var buffer: PayloadBuffer?

    init(_ layout: PublishLayout, head: [UInt8], _ receivers: PayloadReceiverFactory?) {
        self.layout = layout
        self.head = head
        missing = layout.payload.count
        receiver = receivers?(missing)
        buffer = receiver == nil ? PayloadBuffer(announced: missing) : nil
    }

    /// Whether the payload can be read straight into `space`.
    var hasSpace: Bool { receiver == nil && missing > 0 }

    /// How many bytes of the payload wait here for the rest.
    var heldBytes: Int { receiver == nil ? layout.payload.count - missing : 0 }

    /// Memory for the bytes that come next; empty if a receiver takes them.
    ///
    /// - Throws: ``PacketError`` when the system has no more memory.
    func space() throws(PacketError) -> UnsafeMutableRawBufferPointer {
        try buffer?.space() ?? UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Counts bytes that were read into `space`.
    func filled(_ count: Int) {
        missing -= count
        buffer?.filled(count)
    }

    /// Takes bytes that were read elsewhere.
    ///
    /// - Throws: ``PacketError`` when the system has no more memory.
    func append(_ bytes: UnsafeRawBufferPointer) throws(PacketError) {
        missing -= bytes.count
        if let receiver { receiver.receive(bytes) } else { try buffer?.append(bytes) }
    }

    /// The payload, once nothing is missing.
    func finish() -> SharedBytes {
        if let receiver { return receiver.finish() }
        return buffer.take()?.finish() ?? .empty
    }
}
