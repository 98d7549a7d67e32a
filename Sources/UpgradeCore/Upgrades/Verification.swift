import UpgradeProtocol

/// A copy to be read from end to end before it is sent.
struct VerificationRequest: Sendable {
    enum Purpose: Hashable, Sendable {
        /// Once for each push, unless the file changes.
        case push(DeploymentID)
        /// Once in a process: downloads are asked for by gateways, as often as they like.
        case downloads(ReleaseID)
    }

    let purpose: Purpose
    let release: Release
}

enum VerificationOutcome: Sendable {
    case verified(ReleaseCopy)
    case damaged(ReleaseDamage)
    /// It could not be read just now.
    case unreadable(String)
}

struct VerifiedRelease: Sendable {
    let request: VerificationRequest
    let outcome: VerificationOutcome
}

/// How far the verification of a copy has got.
enum Verification {
    case running(waiting: Set<GatewayID>)
    case done(ReleaseCopy)
}

extension EngineState {
    /// The verified copy, or nil while `gateway` waits for it.
    mutating func copy(
        of release: Release, for purpose: VerificationRequest.Purpose, _ gateway: GatewayID, _ turn: inout Turn
    ) -> ReleaseCopy? {
        switch common.copies[purpose] {
        case .done(let copy) where copy.isStillVerified: return copy
        case .running(var waiting):
            common.copies[purpose] = nil
            waiting.insert(gateway)
            common.copies[purpose] = .running(waiting: waiting)
        case .done, nil:
            common.copies[purpose] = .running(waiting: [gateway])
            turn.effects.verifications.append(VerificationRequest(purpose: purpose, release: release))
        }
        return nil
    }

    /// A verification has ended: those that waited go on.
    mutating func verified(_ verified: VerifiedRelease, _ turn: inout Turn) throws {
        let purpose = verified.request.purpose
        // Nobody waits any more if everything that it was for has ended meanwhile.
        guard case .running(let waiting) = common.copies.removeValue(forKey: purpose) else { return }
        switch verified.outcome {
        case .verified(let copy):
            common.copies[purpose] = .done(copy)
            for gateway in waiting {
                try advanceDownload(of: gateway, &turn)
                try reconcile(gateway, &turn)
            }
            if case .push(let deployment) = purpose { common.deployments.waveIsOver(for: deployment) }
        case .damaged(let damage):
            let release = verified.request.release
            try turn.transaction.append(EventDraft(.releaseDamaged, "release \(release.version): \(damage)"))
            try failUpgrades(to: release.id, "the stored copy of release \(release.version) is damaged", &turn)
            for gateway in waiting { gateways[gateway]?.download.forget(release.id) }
        case .unreadable:
            let later = turn.now.advanced(by: .seconds(60))
            for gateway in waiting { common.agenda.note(gateway, at: later) }
        }
    }

    mutating func failUpgrades(to release: ReleaseID, _ reason: String, _ turn: inout Turn) throws {
        for (gateway, state) in gateways.entries where state.upgrade?.release == release {
            guard let change = gateways[gateway]?.upgrade?.machine.fail(reason: reason) else { continue }
            try record(change, gateway, &turn)
            stopSending(to: gateway, &turn)
        }
    }
}
