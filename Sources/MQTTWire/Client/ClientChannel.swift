/// The client's end of one connection; the core, which outlives it, decides everything.
final class ClientChannel: PacketChannel {
    private weak var core: ClientCore?
    private let version: ProtocolVersion
    override var payloadReceivers: PayloadReceiverFactory? { receivers }
    private let receivers: PayloadReceiverFactory?

    init(
        _ stream: consuming ByteStream, core: ClientCore, version: ProtocolVersion, maximumPacketSize: Int,
        payloadReceivers: PayloadReceiverFactory?
    ) {
        self.core = core
        self.version = version
        receivers = payloadReceivers
        super.init(
            stream, loop: core.loop, context: PacketContext(version: version, direction: .toClient),
            maximumPacketSize: maximumPacketSize)
    }

    override func received(_ header: FixedHeader, body: Span<UInt8>) throws(PacketError) {
        try core?.received(header, body, in: inboundContext)
    }

    override func receivedPublish(
        _ layout: PublishLayout, head: Span<UInt8>, payload: SharedBytes
    ) throws(PacketError) {
        try core?.received(PublishHead(layout, in: head), payload: payload)
    }

    override func violated(_ error: PacketError) {
        core?.connectionFailed(.protocolViolation(error))
        guard version.allowsServerDisconnect else { return close(.violation(error)) }
        // 5.0 wants to hear what was wrong [MQTT-4.13.1-1]; a code that DISCONNECT cannot say becomes a general one.
        for code in [error.code, .protocolError] {
            let goodbye = Disconnect(reasonCode: code)
            if (try? send { (buffer) throws(PacketError) in
                try goodbye.encode(in: PacketContext(version: version, direction: .toServer), into: &buffer)
            }) != nil {
                break
            }
        }
        closeAfterFlush()
    }

    override func progressed(_ progress: SendQueue.Progress) {
        if case .finished(let request) = progress { core?.left(request) }
    }

    override func closed(_ end: ChannelEnd) {
        core?.closed(self, end)
    }
}
