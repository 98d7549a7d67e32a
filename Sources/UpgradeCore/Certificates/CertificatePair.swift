import CPosix
import Glibc

/// A certificate and the private key to it, as files.
public struct CertificatePair: Hashable, Sendable {
    /// The PEM file of the certificate and those that vouch for it.
    public let certificate: String
    /// The PEM file of the private key.
    public let key: String

    let maker: Remedy.Maker

    /// The files of a server certificate that was made elsewhere (`--tls-cert`, `--tls-key`). Nothing is read.
    public init(certificate: String, key: String) {
        self.init(certificate: certificate, key: key, maker: .openSSL)
    }

    init(certificate: String, key: String, maker: Remedy.Maker) {
        self.certificate = certificate
        self.key = key
        self.maker = maker
    }

    /// Everything that stands against serving with these files at that time.
    public func concerns(now: Timestamp = .now()) -> [CertificateConcern] {
        concerns(as: .server, now: now) { certificate, keepsKey in
            Remedy.renewal(of: certificate, at: self.certificate, key: key, by: maker, keepsKey: keepsKey)
        }
    }

    /// The same for either role; the remedy is given the old certificate where that can be read. An authority's key may be kept elsewhere.
    func concerns(
        as role: CertificateConcern.Role, now: Timestamp,
        remedy: (CertificateSummary?, _ keepsKey: Bool) -> [String]
    ) -> [CertificateConcern] {
        let file: CertificateFile
        do {
            file = try CertificateFile.read(certificate)
        } catch {
            return [misplaced(.unusable, path: certificate, error) { remedy(nil, true) }]
        }
        var concerns = CertificateConcern.concerns(of: file.certificate, as: role, at: certificate, now: now) {
            keepsKey in
            remedy(file.certificate, keepsKey)
        }
        // Those that vouch for it are somebody else's to renew.
        for other in file.others {
            concerns += CertificateConcern.concerns(of: other, as: .authority, at: certificate, now: now) { _ in [] }
        }
        return concerns + keyConcerns(file, needsKey: role == .server) { remedy(file.certificate, false) }
    }

    /// A file that is not what it should be. Of files that were made elsewhere most likely the wrong ones were named, and commands that write over them would make
    /// that worse.
    private func misplaced(
        _ kind: CertificateConcern.Kind, path: String, _ error: CertificateError, remedy: () -> [String]
    ) -> CertificateConcern {
        switch maker {
        case .project: CertificateConcern(kind, .broken, path: path, "\(error)", commands: remedy())
        case .openSSL:
            CertificateConcern(
                kind, .broken, path: path,
                "\(error); name a certificate's file with --tls-cert and that of its key with --tls-key")
        }
    }

    private func keyConcerns(
        _ file: CertificateFile, needsKey: Bool, remedy: () -> [String]
    ) -> [CertificateConcern] {
        var status = stat()
        if !needsKey, stat(key, &status) != 0 { return [] }
        var concerns: [CertificateConcern] = []
        do {
            try file.checkKey(at: key)
        } catch {
            switch error {
            case .encryptedKey:
                concerns.append(
                    CertificateConcern(
                        .encryptedKey, needsKey ? .broken : .warning, path: key,
                        "the private key \(key) is encrypted, and a daemon has nobody to ask for the passphrase",
                        commands: Remedy.decryption(of: key)))
            case .keyMismatch: concerns.append(misplaced(.keyMismatch, path: key, error, remedy: remedy))
            default: concerns.append(misplaced(.unusable, path: key, error, remedy: remedy))
            }
        }
        if stat(key, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 {
            let isForAll = status.st_mode & 0o007 != 0
            concerns.append(
                CertificateConcern(
                    .exposedKey, isForAll ? .broken : .warning, path: key,
                    "\(isForAll ? "everybody" : "the group of the file") may use the private key \(key)",
                    commands: Remedy.hiding(key)))
        }
        return concerns
    }
}
