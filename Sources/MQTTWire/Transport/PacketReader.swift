/// Cuts the bytes of a connection into packets, whatever pieces they come in.
///
/// Packets that lie whole in the memory they were read into are lent from there; only a partial one is kept. The payload of a large PUBLISH goes into
/// memory of its own, which becomes its `SharedBytes`.
struct PacketReader: ~Copyable {
    /// A packet, or a large PUBLISH in two parts.
    enum Item {
        /// A whole packet, lent until the reader is asked for the next.
        case lent(FixedHeader, body: UnsafeRawBufferPointer)
        /// A whole packet that came in pieces: the bytes of the array within the range.
        case kept(FixedHeader, [UInt8], body: Range<Int>)
        /// A large PUBLISH: the body up to the payload, and the payload.
        case publish(PublishLayout, head: [UInt8], payload: SharedBytes)
    }

    /// The next packet is not there, or only in part.
    private enum Step {
        case needs(Int)
        case packet(FixedHeader)
        case publish(FixedHeader, PublishLayout)
    }

    /// A PUBLISH up to this size is a packet like any other: copying its payload costs less than an object for it.
    private static let wholePacketLimit = SendQueue.copyLimit
    /// How many more bytes are waited for at least while the head of a large PUBLISH is incomplete.
    private static let headStep = 512

    /// The version and direction; the owner sets it once it knows the version.
    var context: PacketContext
    /// Larger packets are refused as soon as their header is read.
    var maximumPacketSize: Int {
        get { Int(packetLimit) }
        set { packetLimit = Int32(clamping: newValue) }
    }
    /// So are packets other than PUBLISH that are larger than this, and a PUBLISH whose head is.
    var maximumHeadSize: Int {
        get { Int(headLimit) }
        set { headLimit = Int32(clamping: newValue) }
    }

    // A server has a reader for each of thousands of connections, and no packet's size has more bits.
    private var packetLimit: Int32
    private var headLimit = Int32.max
    private var storedKeptStart: Int32 = 0
    private var kept: [UInt8]
    private var keptStart: Int {
        get { Int(storedKeptStart) }
        set { storedKeptStart = Int32(clamping: newValue) }
    }
    private var publish: IncomingPublish?

    init(context: PacketContext, maximumPacketSize: Int, unread: [UInt8] = []) {
        self.context = context
        packetLimit = Int32(clamping: maximumPacketSize)
        kept = unread
    }

    /// Whether what is read next is best read straight into `payloadSpace`.
    var wantsPayloadInPlace: Bool { publish?.hasSpace ?? false }

    /// How many bytes wait for those that complete their packet.
    var heldBytes: Int { kept.count - keptStart + (publish?.heldBytes ?? 0) }

    /// Memory for the payload that is being received; empty if none is.
    mutating func payloadSpace() throws(PacketError) -> UnsafeMutableRawBufferPointer {
        try publish?.space() ?? UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    /// Counts bytes that were read into `payloadSpace`.
    mutating func payloadFilled(_ count: Int) {
        publish?.filled(count)
    }

    /// The next packet, of what was kept and then of the input, which is shortened by what was used. Nil when more must be read; the input is then empty.
    ///
    /// `receivers` makes who takes a large payload; nil: memory does.
    mutating func next(
        _ input: inout UnsafeRawBufferPointer, _ receivers: PayloadReceiverFactory? = nil
    ) throws(PacketError) -> Item? {
        while true {
            if publish != nil {
                try keepPayload()
                return try takePayload(&input)
            }
            guard kept.isEmpty else {
                guard let item = try nextKept(&input, receivers) else {
                    if publish != nil { continue }
                    return nil
                }
                return item
            }
            guard !input.isEmpty else { return nil }
            let bytes = input.assumingMemoryBound(to: UInt8.self)
            switch try step(bytes.span) {
            case .needs:
                keep(input)
                input = UnsafeRawBufferPointer(rebasing: input[input.endIndex...])
                return nil
            case .packet(let header):
                let body = UnsafeRawBufferPointer(rebasing: input[header.length..<header.packetLength])
                input = UnsafeRawBufferPointer(rebasing: input[header.packetLength...])
                return .lent(header, body: body)
            case .publish(let header, let layout):
                let end = header.length + layout.payload.lowerBound
                publish = IncomingPublish(layout, head: Array(input[header.length..<end]), receivers)
                input = UnsafeRawBufferPointer(rebasing: input[end...])
            }
        }
    }

    /// Stores bytes that nobody has looked at, for when reading goes on.
    mutating func keep(_ input: UnsafeRawBufferPointer) {
        if keptStart > 0 {
            kept.removeFirst(keptStart)
            keptStart = 0
        }
        kept.append(contentsOf: input)
    }

    /// Gives away what was kept, for a reader elsewhere. Not while a payload is being received.
    mutating func takeKept() -> [UInt8] {
        defer { forgetKept() }
        return Array(kept[keptStart...])
    }

    private mutating func forgetKept() {
        kept = []
        keptStart = 0
    }

    /// The next packet whose beginning was kept; takes from the input just what completes it.
    private mutating func nextKept(
        _ input: inout UnsafeRawBufferPointer, _ receivers: PayloadReceiverFactory?
    ) throws(PacketError) -> Item? {
        while true {
            let available = kept.count - keptStart
            switch try step(kept.span.extracting(keptStart...)) {
            case .needs(let total):
                let missing = min(total - available, input.count)
                guard missing > 0 else { return nil }
                keep(UnsafeRawBufferPointer(rebasing: input[..<missing]))
                input = UnsafeRawBufferPointer(rebasing: input[missing...])
            case .packet(let header):
                let start = keptStart
                let item = Item.kept(
                    header, kept, body: (start + header.length)..<(start + header.packetLength))
                if available == header.packetLength { forgetKept() } else { keptStart += header.packetLength }
                return item
            case .publish(let header, let layout):
                let start = keptStart + header.length
                keptStart = start + layout.payload.lowerBound
                publish = IncomingPublish(layout, head: Array(kept[start..<keptStart]), receivers)
                try keepPayload()
                return nil
            }
        }
    }

    /// Moves payload bytes that were kept before anybody knew what they are.
    private mutating func keepPayload() throws(PacketError) {
        guard let publish else { return }
        let count = min(publish.missing, kept.count - keptStart)
        try kept.withUnsafeBufferPointer { bytes throws(PacketError) in
            try publish.append(
                UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[keptStart..<(keptStart + count)])))
        }
        keptStart += count
        if keptStart == kept.count { forgetKept() }
    }

    private mutating func takePayload(_ input: inout UnsafeRawBufferPointer) throws(PacketError) -> Item? {
        guard let publish else { return nil }
        let count = min(publish.missing, input.count)
        try publish.append(UnsafeRawBufferPointer(rebasing: input[..<count]))
        input = UnsafeRawBufferPointer(rebasing: input[count...])
        guard publish.missing == 0 else { return nil }
        self.publish = nil
        return .publish(publish.layout, head: publish.head, payload: publish.finish())
    }

    /// What the bytes begin with.
    private func step(_ bytes: Span<UInt8>) throws(PacketError) -> Step {
        guard let header = try FixedHeader.decode(bytes, in: context) else { return .needs(bytes.count + 1) }
        guard header.packetLength <= maximumPacketSize else {
            throw PacketError(
                .packetTooLarge,
                "\(header.type) of \(header.packetLength) bytes; at most \(maximumPacketSize) are accepted")
        }
        guard header.type == .publish, header.remainingLength > Self.wholePacketLimit else {
            guard header.packetLength <= maximumHeadSize || header.type == .publish else {
                throw PacketError(
                    .quotaExceeded,
                    "\(header.type) of \(header.packetLength) bytes; at most \(maximumHeadSize) are accepted")
            }
            return bytes.count < header.packetLength ? .needs(header.packetLength) : .packet(header)
        }
        let prefix = bytes.extracting(header.length...)
        let headLength = try PublishLayout.headLength(header: header, prefix: prefix, in: context)
        guard headLength <= maximumHeadSize else {
            throw PacketError(
                .quotaExceeded,
                "PUBLISH with \(headLength) bytes before the payload; at most \(maximumHeadSize) are accepted")
        }
        guard let layout = try PublishLayout.decode(header: header, prefix: prefix, in: context) else {
            return .needs(min(bytes.count + Self.headStep, header.packetLength))
        }
        return .publish(header, layout)
    }
}
