import MQTTWire
import UpgradeCore

/// The certificates that a server shows and asks for: where they are, what stands against them, and how they come into force.
struct ServerCertificates: Sendable {
    private let settings: TLSSettings
    private let folder: DataFolder
    private let names: [String]

    /// The certificates that this configuration names, or those of its data folder. Nothing is touched.
    init(_ configuration: ServerConfiguration) {
        settings = configuration.tls
        folder = configuration.dataFolder
        // Where it listens is what clients dial, unless that is a wildcard; and the names by which HTTP may be called are names of this server.
        names =
            configuration.httpNames
            + [configuration.mqttHost, configuration.http.host].filter {
                // Loopback is among the names of every certificate that we make.
                !["", "0.0.0.0", "::"].contains($0) && !Loopback.contains($0)
            }
    }

    /// The server's certificate and key.
    var pair: CertificatePair {
        if let files = settings.server {
            return CertificatePair(certificate: files.certificate, key: files.key)
        }
        return TLSFiles(folder: folder).server
    }

    /// Makes an authority and a server certificate where the data folder has none; nothing where the configuration names files.
    ///
    /// - Returns: What was made.
    func makeIfAbsent() throws(StartRefusal) -> TLSFiles.Made? {
        guard settings.server == nil else { return nil }
        do {
            return try TLSFiles(folder: folder).makeIfAbsent(
                names: CertificateNames(names.compactMap { try? CertificateName($0) }))
        } catch {
            throw StartRefusal("\(error)")
        }
    }

    /// Reads the files.
    ///
    /// - Throws: ``StartRefusal`` for what cannot be served with or must not be, with the commands that mend it.
    func load() throws(StartRefusal) -> TLSServerContext {
        let files = [pair.certificate, pair.key, settings.clientAuthority]
        let concerns = concerns().filter { files.contains($0.path) }
        if let concern = concerns.first(where: { $0.keepsFromServing(legacy: settings.acceptsLegacy) }) {
            throw StartRefusal("\(concern)")
        }
        do {
            return try TLSServerContext(
                certificateFile: pair.certificate, keyFile: pair.key, clientAuthorityFile: settings.clientAuthority,
                allowsLegacy: settings.acceptsLegacy)
        } catch {
            throw StartRefusal("\(error)")
        }
    }

    /// The same files for HTTP. They were found fit to be served by ``load()``.
    func forHTTP() throws(StartRefusal) -> HTTPSCertificates {
        try HTTPSCertificates(certificateFile: pair.certificate, keyFile: pair.key)
    }

    /// Everything that stands against the files as they are now.
    func concerns() -> [CertificateConcern] {
        let own = settings.server == nil ? TLSFiles(folder: folder).concerns() : pair.concerns()
        return own + (settings.clientAuthority.map { CertificateConcern.concerns(ofAuthoritiesAt: $0) } ?? [])
    }
}

extension CertificateConcern {
    /// Whether nothing is served with it, or nothing should be. What is only out of date is served: clients that do not verify still get their upgrades.
    fileprivate func keepsFromServing(legacy: Bool) -> Bool {
        switch kind {
        case .unusable, .encryptedKey, .keyMismatch: severity == .broken
        case .weakKey, .weakSignature: !legacy
        case .expired, .expiresSoon, .notYetValid, .exposedKey, .otherAuthority: false
        }
    }
}
