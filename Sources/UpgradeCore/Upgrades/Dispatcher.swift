import DequeModule
import UpgradeProtocol

/// Whose turn it is to be sent an executable: bounds the transfers on their way, upgrades before downloads.
struct Dispatcher: Sendable {
    /// What an executable is sent for.
    enum Purpose: Hashable, Sendable {
        case upgrade(DeploymentID)
        case download(ReleaseID)
    }

    /// Somebody who waits.
    struct Job: Sendable {
        let gateway: GatewayID
        let purpose: Purpose
        /// The gateway's state must still name it, else the job is not valid any more.
        let ticket: UInt64
        let copy: ReleaseCopy
        let topic: Topic
    }

    private struct Active: Sendable {
        let gateway: GatewayID
        let purpose: Purpose
        let size: Int
        /// Whether it still counts against the limits.
        var counts = true
    }

    private let limits: TransferLimits
    private let egressLimit: Int?
    private var upgrades: Deque<Job> = []
    private var downloads: Deque<Job> = []
    private var active: [TransferID: Active] = [:]
    /// Those that began at which time, in that order, for ``TransferLimits/patience``.
    private var begun: Deque<(transfer: TransferID, at: OperatingTime)> = []
    private var count = 0
    private var bytes = 0
    private var egress = Pacer(tolerance: .zero)
    private var lastNumber: UInt64 = 0

    init(limits: TransferLimits, egressLimit: Int?) {
        self.limits = limits
        self.egressLimit = egressLimit
    }

    /// A number that was not given before: tickets and transfers.
    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    mutating func enqueue(_ job: Job) {
        switch job.purpose {
        case .upgrade: upgrades.append(job)
        case .download: downloads.append(job)
        }
    }

    // MARK: Turns

    /// Takes out the next one that waits, if there is room for it.
    mutating func next(at now: OperatingTime) -> Job? {
        releaseOverdue(at: now)
        guard let job = upgrades.first ?? downloads.first, hasRoom(for: job.copy.size, at: now) else { return nil }
        return upgrades.popFirst() ?? downloads.popFirst()
    }

    /// When there may be room without anything happening; nil when nobody waits.
    func nextChance(after now: OperatingTime) -> OperatingTime? {
        guard !upgrades.isEmpty || !downloads.isEmpty else { return nil }
        let patience = begun.first.map { $0.at.advanced(by: limits.patience) }
        return [egress.wait(at: now), patience].compactMap(\.self).min()
    }

    private func hasRoom(for size: Int, at now: OperatingTime) -> Bool {
        if egressLimit != nil, egress.wait(at: now) != nil { return false }
        // One alone always has room, however small the limits are.
        return count == 0 || (count < limits.count && bytes + cost(of: size) <= limits.bytes)
    }

    private func cost(of size: Int) -> Int { min(size, limits.bytesOfOne) }

    // MARK: Transfers

    /// The job is handed over as a transfer.
    mutating func begin(_ job: Job, at now: OperatingTime) -> TransferID {
        let transfer = TransferID(rawValue: nextNumber())
        active[transfer] = Active(gateway: job.gateway, purpose: job.purpose, size: job.copy.size)
        begun.append((transfer, now))
        count += 1
        bytes += cost(of: job.copy.size)
        if let egressLimit {
            let milliseconds = Double(job.copy.size) / Double(max(egressLimit, 1)) * 1000
            egress.take(.milliseconds(Int64(min(milliseconds, 1e15))), at: now)
        }
        return transfer
    }

    /// Its last byte has left: it no longer counts. Returns whose it is.
    mutating func written(_ transfer: TransferID) -> GatewayID? {
        release(transfer)
        return active[transfer]?.gateway
    }

    /// Returns whose it was and what for; nil when it had ended before.
    mutating func end(_ transfer: TransferID) -> (gateway: GatewayID, purpose: Purpose)? {
        release(transfer)
        return active.removeValue(forKey: transfer).map { ($0.gateway, $0.purpose) }
    }

    private mutating func releaseOverdue(at now: OperatingTime) {
        while let oldest = begun.first {
            let isOver = active[oldest.transfer]?.counts != true
            guard isOver || oldest.at.advanced(by: limits.patience) <= now else { return }
            release(oldest.transfer)
            begun.removeFirst()
        }
    }

    private mutating func release(_ transfer: TransferID) {
        guard let entry = active[transfer], entry.counts else { return }
        active[transfer]?.counts = false
        count -= 1
        bytes -= cost(of: entry.size)
    }
}
