import CPosix
import FoundationEssentials
import Glibc
import UpgradeProtocol

/// What is wrong with an installation, and how to mend it. Nothing is changed.
public struct Diagnosis: Sendable {
    /// One thing that was looked at.
    public struct Finding: Codable, Equatable, Sendable {
        /// What was looked at.
        public let subject: String
        /// How it is.
        public let state: State
        /// What was found; for what is not well also what to do. One line.
        public let detail: String

        /// How something is.
        public enum State: String, Codable, Sendable {
            /// As it should be.
            case ok
            /// It works, and somebody should know.
            case warning
            /// It does not work.
            case broken
        }

        /// A finding.
        public init(_ subject: String, _ state: State, _ detail: String) {
            self.subject = subject
            self.state = state
            self.detail = detail
        }
    }

    /// With less free space than this, uploads and backups are about to fail.
    private static let scarceDisk: UInt64 = 1 << 30

    private let folder: DataFolder
    private let server: CertificatePair?
    private let clientAuthority: String?
    private let now: Timestamp

    /// A diagnosis of the installation in this folder.
    ///
    /// - Parameters:
    ///   - folder: The data folder.
    ///   - server: The files that `umd` is given by `--tls-cert` and `--tls-key`; nil: it uses those of the data folder.
    ///   - clientAuthority: The file that it is given by `--tls-ca`.
    ///   - now: What the certificates' validity is measured by.
    public init(
        of folder: DataFolder, server: CertificatePair? = nil, clientAuthority: String? = nil, now: Timestamp = .now()
    ) {
        self.folder = folder
        self.server = server
        self.clientAuthority = clientAuthority
        self.now = now
    }

    /// Looks at folder, disk, certificates, marker, database and release store, beside a daemon that may be running.
    public func findings() async -> [Finding] {
        var findings = [folderFinding()]
        guard findings[0].state != .broken else { return findings }
        findings.append(diskFinding())
        findings += server?.findings(now: now) ?? TLSFiles(folder: folder).findings(now: now)
        if let clientAuthority { findings += Finding.ofGatewaysAuthority(at: clientAuthority, now: now) }
        do {
            let installation = try await Installation.open(folder)
            findings.append(Finding("marker", .ok, "installation \(installation.marker.installation)"))
            findings.append(await databaseFinding(installation.store))
            findings += await contentFindings(installation.store)
            try? installation.store.close()
        } catch let error as StoreError {
            findings.append(Finding("marker", .ok, folder.marker))
            findings.append(Finding("database", .broken, "\(error)"))
        } catch {
            findings.append(Finding("marker", .broken, "\(error)"))
        }
        return findings
    }

    private func folderFinding() -> Finding {
        var status = stat()
        guard stat(folder.path, &status) == 0 else {
            return Finding("data folder", .broken, "\(folder.path): \(systemProblem()); make one with 'umctl init'")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            return Finding("data folder", .broken, "\(folder.path) is not a folder; choose another with --data")
        }
        guard status.st_mode & 0o077 == 0 else {
            return Finding(
                "data folder", .warning, "others may look into \(folder.path); mend it with 'chmod 700 \(folder.path)'")
        }
        return Finding("data folder", .ok, folder.path)
    }

    private func diskFinding() -> Finding {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else { return Finding("disk", .warning, systemProblem()) }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let text = "\(free >> 20) MiB free"
        return free < Self.scarceDisk
            ? Finding("disk", .warning, "\(text); make room for at least \(Self.scarceDisk >> 20) MiB")
            : Finding("disk", .ok, text)
    }

    private func databaseFinding(_ store: Store) async -> Finding {
        do {
            let problems = try await store.integrityProblems()
            guard let first = problems.first else { return Finding("database", .ok, store.path) }
            return Finding("database", .broken, "\(first); restore a backup with 'umctl restore FILE'")
        } catch {
            return Finding("database", .broken, "\(error)")
        }
    }

    private func contentFindings(_ store: Store) async -> [Finding] {
        do {
            let (releases, bootstrap, mute) = try await store.read { snapshot in
                (
                    try snapshot.releases.all(), try snapshot.users.anyHasBootstrapPassword(),
                    try snapshot.users.countWithoutPassword()
                )
            }
            var findings = releases.map(releaseFinding).filter { $0.state != .ok }
            if findings.isEmpty { findings.append(Finding("releases", .ok, "\(releases.count), all copies intact")) }
            if bootstrap {
                findings.append(
                    Finding(
                        "users", .warning,
                        "a user still has the well-known password; change it with 'umctl user passwd \(Bootstrap.username)'"
                    ))
            }
            if mute > 0 {
                findings.append(
                    Finding(
                        "users", .warning,
                        "\(mute) imported users cannot log in yet; give each a password with 'umctl user passwd USERNAME'"
                    ))
            }
            return findings
        } catch {
            return [Finding("releases", .broken, "\(error)")]
        }
    }

    private func releaseFinding(_ release: Release) -> Finding {
        let remedy = "remove it with 'umctl release remove \(release.version)' and add it anew, or restore a backup"
        do {
            let digests = try FileDigests(ofFileAt: ReleaseFiles(folder: folder.releases).path(of: release.sha256))
            if digests.sha256 != release.sha256 {
                return Finding("release \(release.version)", .broken, "the store's copy is damaged; \(remedy)")
            }
        } catch {
            return Finding("release \(release.version)", .broken, "\(error); \(remedy)")
        }
        return switch release.state {
        case .available: Finding("release \(release.version)", .ok, release.sha256)
        case .changed, .removed:
            Finding(
                "release \(release.version)", .warning,
                "its file in the watched folder is \(release.state == .changed ? "another one" : "gone"), so that nothing is sent; "
                    + "put it back, or remove the release with 'umctl release remove \(release.version)'")
        }
    }
}
