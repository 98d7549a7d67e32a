extension TLSFiles {
    /// Everything that stands against serving with these certificates at that time, the server's first; nothing where none were made yet.
    public func concerns(now: Timestamp = .now()) -> [CertificateConcern] {
        serverConcerns(now: now) + authorityConcerns(now: now)
    }

    /// What stands against the server's certificate.
    func serverConcerns(now: Timestamp) -> [CertificateConcern] {
        guard exists(server.certificate) || exists(server.key) else { return [] }
        var concerns = server.concerns(as: .server, now: now) { certificate, keepsKey in
            Remedy.renewal(
                of: certificate, at: server.certificate, key: server.key, by: maker(of: certificate),
                keepsKey: keepsKey)
        }
        if let certificate = try? CertificateFile.read(server.certificate).certificate,
            let authority = try? CertificateFile.read(authority.certificate).certificate,
            !certificate.isSigned(by: authority)
        {
            // While one authority follows another it is too early for the command.
            let former = self.authority.certificate + ".old"
            let isByFormer = (try? CertificateFile.read(former).certificate).map(certificate.isSigned) == true
            concerns.append(
                CertificateConcern(
                    .otherAuthority, .warning, path: server.certificate,
                    "\(server.certificate) (\(certificate.subject)) is not signed by \(self.authority.certificate) "
                        + "(\(authority.subject)): clients that verify against that alone refuse it"
                        + (isByFormer ? "; it is signed by \(former), leave it so until every client trusts both" : ""),
                    commands: exists(self.authority.key)
                        ? Remedy.serverCommand(keepingNamesOf: certificate) : []))
        }
        return concerns
    }

    /// What stands against the authority; its key may be kept elsewhere.
    func authorityConcerns(now: Timestamp) -> [CertificateConcern] {
        guard exists(authority.certificate) else { return [] }
        return authority.concerns(as: .authority, now: now) { _, _ in
            Remedy.newAuthority(server: try? CertificateFile.read(server.certificate).certificate)
        }
    }

    /// Whether a server certificate can be made anew in this folder, without another authority.
    private func maker(of certificate: CertificateSummary?) -> Remedy.Maker {
        guard let certificate, !certificate.isSelfSigned else { return .project }
        guard let authority = try? CertificateFile.read(authority.certificate).certificate else { return .openSSL }
        return certificate.isSigned(by: authority) && exists(self.authority.key) ? .project : .openSSL
    }
}
