import UpgradeProtocol

extension Diagnosis {
    func databaseFinding(_ store: Store) async -> Finding {
        do {
            let problems = try await store.integrityProblems()
            guard let first = problems.first else { return Finding("database", .ok, store.path) }
            return Finding("database", .broken, "\(StoreError.damaged(path: store.path, problem: first))")
        } catch {
            return Finding("database", .broken, "\(error)")
        }
    }

    /// Whatever the database tells of the rest.
    func contentFindings(_ store: Store) async -> [Finding] {
        do {
            let known = try await store.read { snapshot in
                Known(
                    releases: try snapshot.releases.all(), digests: try snapshot.releases.digestsInUse(),
                    hasBootstrapPassword: try snapshot.users.anyHasBootstrapPassword(),
                    withoutPassword: try snapshot.users.countWithoutPassword(),
                    gateways: try snapshot.gateways.count(), restored: try snapshot.gateways.countCancelledByRestore(),
                    newestEvent: try snapshot.events.newest())
            }
            return releaseFindings(known.releases, digests: known.digests) + userFindings(known)
                + restoreFindings(known) + [
                    descriptorFinding(gateways: known.gateways), clockFinding(newestEvent: known.newestEvent),
                ]
        } catch {
            return [Finding("database", .broken, "\(error)")]
        }
    }

    private struct Known: Sendable {
        let releases: [Release]
        let digests: Set<String>
        let hasBootstrapPassword: Bool
        let withoutPassword: Int
        let gateways: Int
        let restored: Int
        let newestEvent: Timestamp?
    }

    private func userFindings(_ known: Known) -> [Finding] {
        var findings: [Finding] = []
        if known.hasBootstrapPassword {
            findings.append(
                Finding(
                    "users", .warning,
                    "a user still has the well-known password; change it with 'umctl user passwd \(Bootstrap.username)'"
                ))
        }
        if known.withoutPassword > 0 {
            findings.append(
                Finding(
                    "users", .warning,
                    "\(known.withoutPassword) imported users cannot log in yet; give each a password with 'umctl user passwd USERNAME'"
                ))
        }
        return findings
    }

    private func restoreFindings(_ known: Known) -> [Finding] {
        guard known.restored > 0 else { return [] }
        return [
            Finding(
                "upgrades", .warning,
                "those of \(known.restored) gateways were cancelled when a backup was restored; see 'umctl gateway list --state cancelled', and order anew "
                    + "what is still wanted with 'umctl push'")
        ]
    }
}
