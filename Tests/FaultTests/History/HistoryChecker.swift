/// Compares what parties were told with what is there in the end.
struct HistoryChecker {
    enum Kind: String, Sendable {
        /// A promise that the record does not know of.
        case lost
        /// An executable at a gateway that nobody ordered it for, or with other bytes than were uploaded.
        case misdelivered
        /// Twice what may be there once.
        case duplicated
        /// In the record, and nobody ever asked for it.
        case invented
        /// An older state in place of a newer one that was acknowledged.
        case outOfOrder
        /// A state that should have passed long ago.
        case endless
    }

    struct Violation: Equatable, Sendable, CustomStringConvertible {
        var kind: Kind
        var what: String

        var description: String { "\(kind.rawValue): \(what)" }
    }

    let entries: [Entry]
    let record: StoredRecord

    /// How many promises there were, of each kind.
    var promises: [Promise: Int] {
        entries.reduce(into: [:]) { counts, entry in
            if let promise = entry.fact.promise { counts[promise, default: 0] += 1 }
        }
    }

    func violations() -> [Violation] {
        gatewayViolations() + sessionViolations() + deliveryViolations() + releaseViolations() + orderViolations()
            + listViolations(
                of: record.companies, "company", asked: { if case .companyOffered(let id) = $0 { id } else { nil } }
            ) {
                if case .companyAdded(let id) = $0 { id } else { nil }
            }
            + listViolations(
                of: record.users, "user", asked: { if case .userOffered(let name) = $0 { name } else { nil } }
            ) {
                if case .userAdded(let name) = $0 { name } else { nil }
            }
            + listViolations(
                of: record.tokens, "token", asked: { if case .tokenOffered(let name) = $0 { name } else { nil } }
            ) {
                if case .tokenAdded(let name) = $0 { name } else { nil }
            }
            + facts { if case .tokenRefused(let name) = $0 { name } else { nil } }
            .map { Violation(kind: .lost, what: "token \($0), which was not taken") }
    }
}

extension HistoryChecker {
    private func facts<Value>(_ choose: (Fact) -> Value?) -> [Value] { entries.compactMap { choose($0.fact) } }

    private func listViolations(
        of stored: [String], _ name: String, asked: (Fact) -> String?, told: (Fact) -> String?
    ) -> [Violation] {
        let known = Set(stored)
        let wanted = Set(facts(asked))
        return duplicates(stored).map { Violation(kind: .duplicated, what: "\(name) \($0)") }
            + facts(told).filter { !known.contains($0) }.map { Violation(kind: .lost, what: "\(name) \($0)") }
            + known.subtracting(wanted).subtracting(Self.thereFromTheStart).sorted()
            .map { Violation(kind: .invented, what: "\(name) \($0)") }
    }

    /// What every installation begins with.
    private static let thereFromTheStart: Set = ["1", "super@gushenxing.com"]

    private func duplicates(_ values: [String]) -> [String] {
        Dictionary(grouping: values, by: \.self).filter { $0.value.count > 1 }.keys.sorted()
    }

    private func gatewayViolations() -> [Violation] {
        var found = duplicates(record.gateways.map(\.id))
            .map { Violation(kind: .duplicated, what: "gateway \($0)") }
        let stored = Dictionary(record.gateways.map { ($0.id, $0.version) }, uniquingKeysWith: { first, _ in first })
        let reports = Dictionary(grouping: entries, by: \.party).mapValues { entries in
            entries.compactMap { entry -> Report? in
                switch entry.fact {
                case .statusSent(let version): Report(version: version, isAcknowledged: false)
                case .statusAcknowledged(let version): Report(version: version, isAcknowledged: true)
                default: nil
                }
            }
        }
        for (gateway, reports) in reports.sorted(by: { $0.key < $1.key }) where !reports.isEmpty {
            guard let last = reports.lastIndex(where: \.isAcknowledged) else { continue }
            guard let version = stored[gateway] else {
                found.append(Violation(kind: .lost, what: "gateway \(gateway)"))
                continue
            }
            // Reports after the last acknowledged one may have arrived, or not.
            if reports[last...].contains(where: { $0.version == version }) { continue }
            let at = version.map(String.init) ?? "nothing"
            let detail = "gateway \(gateway) is at \(at), and \(reports[last].version) was acknowledged"
            let wasReported = reports.contains { $0.version == version }
            found.append(Violation(kind: wasReported ? .outOfOrder : version == nil ? .lost : .invented, what: detail))
        }
        for gateway in stored.keys.sorted() where reports[gateway, default: []].isEmpty {
            found.append(Violation(kind: .invented, what: "gateway \(gateway)"))
        }
        return found
    }

    private struct Report {
        var version: Int
        var isAcknowledged: Bool
    }

    private func sessionViolations() -> [Violation] {
        var begun: Set<String> = []
        var found = duplicates(record.sessions).map { Violation(kind: .duplicated, what: "session of \($0)") }
        for entry in entries {
            switch entry.fact {
            case .sessionBegun: begun.insert(entry.party)
            case .cameAgain(hasSession: false) where begun.contains(entry.party):
                found.append(Violation(kind: .lost, what: "session of \(entry.party), when it came again"))
            default: break
            }
        }
        return found
            + begun.subtracting(record.sessions).sorted().map { Violation(kind: .lost, what: "session of \($0)") }
    }

    private func deliveryViolations() -> [Violation] {
        var orders: Set<GatewayVersion> = []
        var digests: [Int: UInt64] = [:]
        var found: [Violation] = []
        for entry in entries {
            switch entry.fact {
            case .ordering(let gateway, let version):
                orders.insert(GatewayVersion(gateway: gateway, version: version))
            case .releaseOffered(let version, let digest):
                digests[version] = digest
            case .executableReceived(let version, let digest):
                let what = "\(version) at gateway \(entry.party)"
                if !orders.contains(GatewayVersion(gateway: entry.party, version: version)) {
                    found.append(Violation(kind: .misdelivered, what: "\(what), which nobody ordered"))
                }
                if digests[version] != digest {
                    found.append(Violation(kind: .misdelivered, what: "\(what), with other bytes than were uploaded"))
                }
            default: break
            }
        }
        return found
    }

    private struct GatewayVersion: Hashable {
        var gateway: String
        var version: Int
    }

    private func releaseViolations() -> [Violation] {
        let offered = facts { if case .releaseOffered(let version, let digest) = $0 { (version, digest) } else { nil } }
        let digests = Dictionary(offered, uniquingKeysWith: { first, _ in first })
        let added = facts { if case .releaseAdded(let version) = $0 { version } else { nil } }
        let stored = Set(record.releases.map(\.version))
        var found = added.filter { !stored.contains($0) }
            .map { Violation(kind: .lost, what: "release \($0)") }
        for (version, digest) in record.releases {
            guard let wanted = digests[version] else {
                found.append(Violation(kind: .invented, what: "release \(version)"))
                continue
            }
            if digest != wanted {
                found.append(
                    Violation(
                        kind: .lost,
                        what: "release \(version): its file is \(digest == nil ? "gone" : "not what was uploaded")"))
            }
        }
        return found
    }

    private func orderViolations() -> [Violation] {
        let wanted = Set(
            facts {
                if case .ordering(let gateway, let version) = $0 {
                    GatewayVersion(gateway: gateway, version: version)
                } else {
                    nil
                }
            })
        var found: [Violation] = []
        for entry in entries {
            switch entry.fact {
            case .ordered(let deployment, let gateway, let version):
                let isThere = record.upgrades.contains {
                    $0.deployment == deployment && $0.gateway == gateway && $0.version == version
                }
                if !isThere {
                    found.append(Violation(kind: .lost, what: "order \(deployment) of \(version) for \(gateway)"))
                }
            case .confirmationSeen(let gateway, let version):
                let isThere = record.upgrades.contains {
                    $0.gateway == gateway && $0.version == version && $0.state == "confirmed"
                }
                if !isThere { found.append(Violation(kind: .lost, what: "confirmation of \(version) at \(gateway)")) }
            default: break
            }
        }
        for upgrade in record.upgrades {
            let what = "order \(upgrade.deployment) of \(upgrade.version) for \(upgrade.gateway)"
            if !wanted.contains(GatewayVersion(gateway: upgrade.gateway, version: upgrade.version)) {
                found.append(Violation(kind: .invented, what: what))
            }
            if upgrade.state == "pending" { found.append(Violation(kind: .endless, what: "\(what) is pending")) }
        }
        let live = duplicates(record.upgrades.filter { $0.state == "pending" }.map(\.gateway))
        return found + live.map { Violation(kind: .duplicated, what: "live upgrade of \($0)") }
    }
}
