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

    let folder: DataFolder
    let now: Timestamp
    private let server: CertificatePair?
    private let clientAuthority: String?
    private let configuration: String?

    /// A diagnosis of the installation in this folder.
    ///
    /// - Parameters:
    ///   - folder: The data folder.
    ///   - server: The files that `umd` is given by `--tls-cert` and `--tls-key`; nil: it uses those of the data folder.
    ///   - clientAuthority: The file that it is given by `--tls-ca`.
    ///   - configuration: The file that it is given by `--config`.
    ///   - now: What the certificates' validity is measured by.
    public init(
        of folder: DataFolder, server: CertificatePair? = nil, clientAuthority: String? = nil,
        configuration: String? = nil, now: Timestamp = .now()
    ) {
        self.folder = folder
        self.server = server
        self.clientAuthority = clientAuthority
        self.configuration = configuration
        self.now = now
    }

    /// Looks at everything, beside a daemon that may be running.
    public func findings() async -> [Finding] {
        let configuration = configuration.map { [configurationFinding($0)] } ?? []
        var findings = [folderFinding()]
        guard findings[0].state != .broken else { return findings + configuration }
        findings += configuration + rightFindings() + [diskFinding()] + leftoverFindings()
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
        } catch let error as InstallationError {
            findings.append(Finding(error.subject, .broken, "\(error)"))
        } catch {
            findings.append(Finding("database", .broken, "\(error)"))
        }
        return findings
    }

    private func configurationFinding(_ path: String) -> Finding {
        do {
            try ConfigurationFile.read(path)
            return Finding("configuration", .ok, path)
        } catch {
            return Finding("configuration", .broken, "\(error)")
        }
    }
}

extension InstallationError {
    /// What of an installation it tells of.
    fileprivate var subject: String {
        switch self {
        case .noHome, .locked: "data folder"
        case .databaseMissing: "database"
        case .unusable, .notInitialised, .markerDamaged, .mixedUp, .newer: "marker"
        }
    }
}
