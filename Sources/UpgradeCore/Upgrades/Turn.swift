import UpgradeProtocol

/// One transaction's worth of the engine's work, and what is to be done once it is durable.
struct Turn {
    let transaction: Transaction
    let now: OperatingTime
    let gateways: GatewayRows
    var effects = Effects()
    /// Gateways whose upgrade is to be looked at before the turn ends.
    var reconcile: Set<GatewayID> = []
    /// Deployments that were ordered in this turn.
    var ordered: [DeploymentID] = []
    /// Gateways that were heard of.
    var heard: Set<GatewayID> = []

    init(transaction: Transaction, now: OperatingTime) {
        self.transaction = transaction
        self.now = now
        gateways = GatewayRows(transaction)
    }
}

/// One entry of the inbox, ready for a transaction.
enum TurnInput: Sendable {
    case link(LinkEvent)
    case message(DecodedMessage, InboundMessage)
    case order(OrderRequest, Reply<Deployment>)
    case cancellation(CancellationRequest, Reply<Deployment>)
    case verified(VerifiedRelease)
    case releasesChanged
    case gatewaysChanged([GatewayID])
    case barrier(Reply<Void>)

    /// Hands the error to whoever waits; false when nobody does.
    func fail(_ error: any Error) -> Bool {
        switch self {
        case .order(_, let reply), .cancellation(_, let reply): reply.fail(error)
        case .barrier(let reply): reply.fail(error)
        default: return false
        }
        return true
    }
}

extension TurnInput: CustomStringConvertible {
    /// One line for a log, without payloads: those are as long as a gateway makes them.
    var description: String {
        switch self {
        case .link(let event):
            if case .message(let message) = event { Self.describe(message) } else { "\(event)" }
        case .message(_, let message): Self.describe(message)
        case .order(let request, _): "\(request)"
        case .cancellation(let request, _): "\(request)"
        case .verified(let release): "verified \(release.request.release)"
        case .releasesChanged: "releases changed"
        case .gatewaysChanged(let gateways): "\(gateways.count) gateways changed"
        case .barrier: "barrier"
        }
    }

    private static func describe(_ message: InboundMessage) -> String {
        "\(message.verb) of \(message.gateway), \(message.payload.count) bytes"
    }
}

/// What follows from a turn, to be done after its transaction is durable.
struct Effects: Sendable {
    var acknowledgements: [@Sendable () -> Void] = []
    var messages: [OutboundMessage] = []
    var cancellations: [TransferID] = []
    var closings: [(ConnectionID, reason: String)] = []
    var verifications: [VerificationRequest] = []
    var replies: [@Sendable () -> Void] = []
    var turnedAway = TurnedAwayGateways()
    /// When the next turn is due if nothing happens before, on the monotonic clock.
    var nextTurn: Duration?
}

/// A publication that lacks only the timestamp of its frame.
struct OutboundMessage: Sendable {
    enum Payload: Sendable {
        case body([UInt8])
        case executable(ReleaseCopy)
    }

    var topic: Topic
    var payload: Payload
    var audience = Audience.subscribers

    func publication(timestamp: UInt32) -> Publication {
        switch payload {
        case .body(let body):
            let frame = Frame(timestamp: timestamp, payload: body).encoded()
            return Publication(topic: topic, payload: .bytes(frame), audience: audience, endsWithConnection: false)
        case .executable(let copy):
            // A release is at most as long as a frame's payload may be, which 32 bits hold.
            let header = FrameHeader(
                timestamp: timestamp, payloadLength: UInt32(clamping: copy.size), payloadCRC: copy.crc32)
            return Publication(
                topic: topic, payload: .file(header: header.encoded(), path: copy.path, size: copy.size),
                audience: audience, endsWithConnection: true)
        }
    }
}
