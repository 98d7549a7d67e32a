extension TLSFiles {
    /// How the certificates of the data folder are.
    func findings(now: Timestamp) -> [Diagnosis.Finding] {
        guard exists(server.certificate) || exists(server.key) || exists(authority.certificate) else {
            return [Diagnosis.Finding("certificates", .ok, "none yet; umd makes them at its first start in TLS mode")]
        }
        var findings: [Diagnosis.Finding] = []
        if exists(server.certificate) || exists(server.key) {
            findings += Self.findings(
                "server certificate", serverConcerns(now: now), of: server.certificate, detail: Self.serverDetail)
        } else {
            findings.append(
                Diagnosis.Finding(
                    "server certificate", .ok, "none yet; umd makes it at its first start in TLS mode"))
        }
        if exists(authority.certificate) {
            findings += Self.findings(
                "authority", authorityConcerns(now: now), of: authority.certificate, detail: Self.authorityDetail)
        }
        return findings
    }

    /// One finding for each concern, or one that says what the certificate is good for.
    private static func findings(
        _ subject: String, _ concerns: [CertificateConcern], of path: String, detail: (CertificateSummary) -> String
    ) -> [Diagnosis.Finding] {
        guard concerns.isEmpty else {
            return concerns.map { concern in
                Diagnosis.Finding(subject, concern.severity == .broken ? .broken : .warning, "\(concern)")
            }
        }
        guard let certificate = try? CertificateFile.read(path).certificate else { return [] }
        return [Diagnosis.Finding(subject, .ok, oneLine(detail(certificate)))]
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
