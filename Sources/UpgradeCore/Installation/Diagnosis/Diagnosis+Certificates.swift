extension TLSFiles {
    /// How the certificates of the data folder are.
    func findings(now: Timestamp) -> [Diagnosis.Finding] {
        guard exists(server.certificate) || exists(server.key) || exists(authority.certificate) else {
            return [Diagnosis.Finding("certificates", .ok, "none yet; umd makes them at its first start in TLS mode")]
        }
        var findings: [Diagnosis.Finding] = []
        if exists(server.certificate) || exists(server.key) {
            findings += Diagnosis.Finding.ofServer(serverConcerns(now: now), at: server.certificate)
        } else {
            findings.append(
                Diagnosis.Finding(
                    "server certificate", .ok, "none yet; umd makes it at its first start in TLS mode"))
        }
        if exists(authority.certificate) {
            findings += Diagnosis.Finding.ofAuthority(
                "authority", authorityConcerns(now: now), at: authority.certificate)
        }
        return findings
    }
}

extension CertificatePair {
    /// How a server's certificate is that was made elsewhere.
    func findings(now: Timestamp) -> [Diagnosis.Finding] {
        Diagnosis.Finding.ofServer(concerns(now: now), at: certificate)
    }
}

extension Diagnosis.Finding {
    fileprivate static func ofServer(_ concerns: [CertificateConcern], at path: String) -> [Self] {
        findings("server certificate", concerns, of: path, detail: serverDetail)
    }

    fileprivate static func ofAuthority(_ subject: String, _ concerns: [CertificateConcern], at path: String) -> [Self]
    {
        findings(subject, concerns, of: path, detail: authorityDetail)
    }

    /// How the authority is that vouches for gateways.
    static func ofGatewaysAuthority(at path: String, now: Timestamp) -> [Self] {
        ofAuthority("gateways' authority", CertificateConcern.concerns(ofAuthoritiesAt: path, now: now), at: path)
    }

    /// One finding for each concern, or one that says what the certificate is good for.
    private static func findings(
        _ subject: String, _ concerns: [CertificateConcern], of path: String, detail: (CertificateSummary) -> String
    ) -> [Self] {
        guard concerns.isEmpty else {
            return concerns.map { concern in
                Self(subject, concern.severity == .broken ? .broken : .warning, "\(concern)")
            }
        }
        guard let certificate = try? CertificateFile.read(path).certificate else { return [] }
        return [Self(subject, .ok, oneLine(detail(certificate)))]
    }

    private static func serverDetail(_ certificate: CertificateSummary) -> String {
        let names = certificate.hosts.map(\.text).joined(separator: ", ")
        return "\(names.isEmpty ? certificate.subject : names); \(certificate.keyDescription), "
            + (certificate.isSelfSigned ? "self-signed" : "signed by \(certificate.issuer)")
            + ", valid until \(certificate.notAfter.day)"
    }

    private static func authorityDetail(_ certificate: CertificateSummary) -> String {
        "\(certificate.subject); \(certificate.keyDescription), valid until \(certificate.notAfter.day); "
            + "SHA-256 fingerprint \(certificate.fingerprint)"
    }
}
