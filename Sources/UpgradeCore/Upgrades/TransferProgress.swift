import Synchronization
public import UpgradeProtocol

/// How far the executable of an upgrade has got to one gateway, as the broker sees it.
public struct TransferProgress: Hashable, Sendable {
    /// The gateway.
    public let gateway: GatewayID
    /// The order.
    public let deployment: DeploymentID
    /// Bytes that the gateway's side has acknowledged: by TCP, whether or not the gateway has read them.
    public let bytesSent: Int64
    /// Bytes of the executable.
    public let bytesTotal: Int64
}

/// The answer to a question that costs something, kept for a while.
struct RecentProgress {
    /// Nobody is asked more often.
    static let interval = Duration.milliseconds(500)

    var transfers: [TransferProgress] = []
    var until = Duration.zero
}

extension UpgradeEngine {
    /// The transfers that are under way, by gateway. The link is asked twice a second at most, however many ask.
    public func transfersUnderWay() async -> [TransferProgress] {
        let now = time.monotonic()
        let known = progress.withLock { $0.until > now ? $0.transfers : nil }
        if let known { return known }
        let sending = situations.withLock { situations in
            situations.compactMap { gateway, situation in situation.transfer.map { ($0, gateway, situation) } }
        }
        let toGo = sending.isEmpty ? [:] : await link.bytesToGo(of: sending.map { $0.0 })
        let transfers = sending.compactMap { transfer, gateway, situation -> TransferProgress? in
            guard let toGo = toGo[transfer] else { return nil }
            // What is to go includes the packet's own head and what follows it.
            let sent = min(max(situation.size - Int64(toGo), 0), situation.size)
            return TransferProgress(
                gateway: gateway, deployment: situation.deployment, bytesSent: sent, bytesTotal: situation.size)
        }.sorted { $0.gateway < $1.gateway }
        progress.withLock { $0 = RecentProgress(transfers: transfers, until: now + RecentProgress.interval) }
        return transfers
    }
}

extension GatewayService {
    /// The transfers under way to gateways that the principal may see, by gateway.
    ///
    /// - Throws: ``DomainError/forbidden(_:)``.
    public func transfersUnderWay(as principal: Principal) async throws -> [TransferProgress] {
        let scope = try principal.scope(for: .viewGateways)
        guard let transfers = await engine?.transfersUnderWay(), !transfers.isEmpty else { return [] }
        guard scope != .everything else { return transfers }
        return try await store.read { snapshot in
            try transfers.filter { try snapshot.gateways.find($0.gateway, in: scope) != nil }
        }
    }
}
